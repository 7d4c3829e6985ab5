"""A member of staff as everybody else sees one."""

from dataclasses import dataclass, field

from staff.roles import allows


@dataclass(frozen=True)
class Member:
    """Who acts, and in which role.

    Attributes:
        name: the login name; what audit trails and second-person rules go by.
        address: where the request came from, for the audit log.
    """

    name: str
    display_name: str
    role: str
    department: str | None = None
    address: str = field(default="", compare=False)

    def may(self, permission: str) -> bool:
        return allows(self.role, permission)
