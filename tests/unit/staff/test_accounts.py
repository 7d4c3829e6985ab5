"""Accounts, wrong passwords, sessions, tokens and what is written down of them."""

import statistics
import threading
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from database.engine import Base, Database
from staff import models, passwords
from staff.accounts import StaffAccounts
from staff.audit import AuditFilter, AuditLog
from staff.errors import (
    LoginLockedError,
    LoginRefusedError,
    MemberExistsError,
    MemberRuleError,
    OwnAccountError,
    UnknownMemberError,
)
from staff.members import Member
from staff.roles import PERMISSION_NAMES, PERMISSIONS, ROLE_NAMES, ROLES, covers
from tests.unit.staff.conftest import BOSS, PASSWORD, TurnedClock


def differences(database: Database) -> list:
    tables = {name for name in Base.metadata.tables if name.startswith("staff_")}
    assert models.StaffUser.__tablename__ in tables
    with database.engine.connect() as connection:
        options = {"include_object": lambda o, name, kind, *_: (name if kind == "table" else o.table.name) in tables}
        return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)


def test_migrations_make_the_models_tables(database: Database) -> None:
    assert differences(database) == []


@pytest.mark.postgres
def test_migrations_make_the_models_tables_on_postgresql(postgres: Database) -> None:
    assert differences(postgres) == []
    accounts = StaffAccounts(postgres)
    accounts.add("wang", PASSWORD, "agent", BOSS)
    opened = accounts.sessions.open(accounts.authenticate("wang", PASSWORD))
    assert accounts.sessions.member(opened.token).name == "wang"
    accounts.deactivate("wang", BOSS)
    assert accounts.sessions.member(opened.token) is None


class TestAccounts:
    def test_a_member_is_found_by_their_password(self, accounts: StaffAccounts) -> None:
        accounts.add("Ｗang", PASSWORD, "agent", BOSS, display_name="王敏", department="12345 中心")
        member = accounts.authenticate(" WANG ", PASSWORD)
        assert (member.name, member.display_name, member.role, member.department) == ("wang", "王敏", "agent", "12345 中心")

    @pytest.mark.parametrize("name", ["a", "with space", "管理令牌", "命令行", "<b>", "x" * 33])
    def test_names_that_are_not_taken(self, accounts: StaffAccounts, name: str) -> None:
        with pytest.raises(MemberRuleError):
            accounts.add(name, PASSWORD, "agent", BOSS)

    @pytest.mark.parametrize("password", ["short", "zhangwei01", "zhangwei0123", "aaaaaaaaaaaa", "x" * 201, ""])
    def test_passwords_that_are_not_taken(self, accounts: StaffAccounts, password: str) -> None:
        with pytest.raises(MemberRuleError):
            accounts.add("zhangwei01", password, "agent", BOSS)

    def test_a_generated_password_is_acceptable(self) -> None:
        assert len({passwords.generate() for _ in range(20)}) == 20
        passwords.check(passwords.generate(), "wang")

    def test_one_name_one_account(self, accounts: StaffAccounts) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)
        with pytest.raises(MemberExistsError):
            accounts.add("WANG", PASSWORD, "editor", BOSS)

    def test_unknown_roles_and_members(self, accounts: StaffAccounts) -> None:
        with pytest.raises(MemberRuleError, match="坐席"):
            accounts.add("wang", PASSWORD, "boss", BOSS)
        with pytest.raises(UnknownMemberError):
            accounts.set_role("nobody", "agent", BOSS)

    def test_nobody_takes_their_own_account_away(self, accounts: StaffAccounts) -> None:
        member = accounts.add("boss", PASSWORD, "admin", BOSS)
        with pytest.raises(OwnAccountError):
            accounts.deactivate("BOSS", member)
        with pytest.raises(OwnAccountError):
            accounts.set_role("boss", "agent", member)

    def test_only_hashes_are_stored(self, accounts: StaffAccounts, database: Database) -> None:
        member = accounts.add("wang", PASSWORD, "agent", BOSS)
        opened, made = accounts.sessions.open(member), accounts.tokens.add("wang", "桌面", BOSS)
        with database.read() as session:
            stored = "".join(
                str(row)
                for table in Base.metadata.tables
                if table.startswith("staff_")
                for row in session.execute(text(f"SELECT * FROM {table}"))
            )
        assert "$argon2id$" in stored
        assert not [secret for secret in (PASSWORD, opened.token, opened.csrf, made.token) if secret in stored]


class TestWrongPasswords:
    def test_unknown_name_wrong_password_and_disabled_account_look_alike(self, accounts: StaffAccounts) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)
        accounts.add("left", PASSWORD, "agent", BOSS)
        accounts.deactivate("left", BOSS)
        said = set()
        for name, password in (("wang", "wrong password"), ("nobody", PASSWORD), ("left", PASSWORD)):
            with pytest.raises(LoginRefusedError) as refused:
                accounts.authenticate(name, password)
            said.add(str(refused.value))
        assert len(said) == 1

    def test_unknown_names_take_as_long(self, accounts: StaffAccounts, clock: TurnedClock) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)

        def takes(name: str) -> float:
            times = []
            for _ in range(8):
                clock.turn(days=2)  # nothing is locked
                start = time.perf_counter()
                with pytest.raises(LoginRefusedError):
                    accounts.authenticate(name, "wrong password")
                times.append(time.perf_counter() - start)
            return statistics.median(times)

        known, unknown = takes("wang"), takes("nobody")
        assert 0.5 < unknown / known < 2

    @pytest.mark.parametrize("name", ["wang", "nobody"])
    def test_five_lock_the_name_for_longer_and_longer(self, accounts: StaffAccounts, clock: TurnedClock, name: str) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)
        waits = []
        for attempt in range(8):
            with pytest.raises(LoginRefusedError):
                accounts.authenticate(name, "wrong password")
            if attempt >= 4:
                with pytest.raises(LoginLockedError) as locked:
                    accounts.authenticate(name, PASSWORD)
                waits.append(locked.value.retry_after_s)
                clock.turn(seconds=locked.value.retry_after_s)
        assert waits == [60, 120, 240, 480]

    def test_a_right_password_in_time_forgets_them(self, accounts: StaffAccounts) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)
        for _ in range(3):
            for _ in range(4):
                with pytest.raises(LoginRefusedError):
                    accounts.authenticate("wang", "wrong password")
            accounts.authenticate("wang", PASSWORD)

    def test_a_reset_ends_the_lock(self, accounts: StaffAccounts) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)
        for _ in range(5):
            with pytest.raises(LoginRefusedError):
                accounts.authenticate("wang", "wrong password")
        accounts.set_password("wang", "another long one", BOSS)
        assert accounts.authenticate("wang", "another long one").name == "wang"

    def test_guessing_at_once_gains_nothing(self, accounts: StaffAccounts) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)
        outcomes: list[type] = []

        def guess() -> None:
            try:
                accounts.authenticate("wang", "wrong password")
            except (LoginRefusedError, LoginLockedError) as exc:
                outcomes.append(type(exc))

        threads = [threading.Thread(target=guess) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes.count(LoginRefusedError) == 5
        assert outcomes.count(LoginLockedError) == 7


class TestSessions:
    def test_idle_time_and_the_longest_time(self, accounts: StaffAccounts, clock: TurnedClock) -> None:
        token = accounts.sessions.open(accounts.add("wang", PASSWORD, "agent", BOSS)).token
        for _ in range(7):
            clock.turn(minutes=100)
            assert accounts.sessions.member(token) is not None
        clock.turn(minutes=21)  # 12 hours and a minute, though never idle
        assert accounts.sessions.member(token) is None

    def test_looking_does_not_keep_it_alive(self, accounts: StaffAccounts, clock: TurnedClock) -> None:
        token = accounts.sessions.open(accounts.add("wang", PASSWORD, "agent", BOSS)).token
        clock.turn(minutes=80)
        assert accounts.sessions.member(token, active=False) is not None
        clock.turn(minutes=41)
        assert accounts.sessions.member(token, active=False) is None

    def test_changes_of_the_account_log_out(self, accounts: StaffAccounts) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)
        for change in (
            lambda: accounts.set_password("wang", "another long one", BOSS),
            lambda: accounts.set_role("wang", "editor", BOSS),
            lambda: accounts.deactivate("wang", BOSS),
        ):
            tokens = [accounts.sessions.open(accounts.get("wang").member).token for _ in range(2)]
            assert len(accounts.sessions.listed("wang")) == 2
            change()
            assert [accounts.sessions.member(token) for token in tokens] == [None, None]
            assert accounts.sessions.listed("wang") == []

    def test_logging_out_ends_one(self, accounts: StaffAccounts) -> None:
        member = accounts.add("wang", PASSWORD, "agent", BOSS)
        first, second = accounts.sessions.open(member), accounts.sessions.open(member)
        accounts.sessions.close(first.token)
        assert accounts.sessions.member(first.token) is None
        assert accounts.sessions.member(second.token) == member


class TestTokens:
    def test_no_more_than_the_owner(self, accounts: StaffAccounts) -> None:
        accounts.add("rui", PASSWORD, "reviewer", BOSS)
        with pytest.raises(MemberRuleError):
            accounts.tokens.add("rui", "桌面", BOSS, role="admin")
        made = accounts.tokens.add("rui", "桌面", BOSS, role="agent")
        assert accounts.tokens.member(made.token).role == "agent"
        accounts.set_role("rui", "editor", BOSS)
        assert accounts.tokens.member(made.token) is None

    def test_ends_by_time_revocation_and_with_the_account(self, accounts: StaffAccounts, clock: TurnedClock) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)
        short, revoked, other = (
            accounts.tokens.add("wang", name, BOSS, days=days) for name, days in (("a", 1), ("b", 9), ("c", None))
        )
        accounts.tokens.revoke(revoked.token_id, BOSS)
        clock.turn(days=1)
        assert [accounts.tokens.member(made.token) for made in (short, revoked)] == [None, None]
        assert accounts.tokens.member(other.token).name == "wang"
        assert [row["state"] for row in accounts.tokens.listed("wang")] == ["valid", "revoked", "expired"]
        accounts.deactivate("wang", BOSS)
        assert accounts.tokens.member(other.token) is None


class TestAudit:
    def test_who_did_what_to_whom(self, accounts: StaffAccounts, database: Database) -> None:
        accounts.add("wang", PASSWORD, "agent", BOSS)
        accounts.set_role("wang", "editor", BOSS)
        with pytest.raises(LoginRefusedError):
            accounts.authenticate("wang", "wrong password", "10.9.9.9")
        log = AuditLog(database)
        total, lines = log.page(AuditFilter(object_id="wang"))
        assert total == 3
        refused, role, add = lines
        assert (refused["action"], refused["actor"], refused["address"]) == ("login.refused", "wang", "10.9.9.9")
        assert (role["actor"], role["detail"], role["address"]) == ("boss", {"from": "agent", "to": "editor"}, "10.1.1.1")
        assert add["action"] == "staff.add"
        assert log.page(AuditFilter(action="staff.role"))[0] == 1
        assert log.page(AuditFilter(actor="wang"), offset=1)[1] == []


class TestRoles:
    def test_every_role_and_permission_has_a_name(self) -> None:
        assert set(ROLE_NAMES) == set(ROLES)
        assert set(PERMISSION_NAMES) == set(PERMISSIONS)

    def test_the_administrator_may_everything(self) -> None:
        assert all(Member("x", "x", "admin").may(permission) for permission in PERMISSIONS)
        assert all(covers("admin", role) for role in ROLES)

    def test_roles_are_no_ladder(self) -> None:
        assert covers("reviewer", "editor")
        assert covers("reviewer", "agent")
        assert not covers("maintainer", "agent")
        assert not covers("editor", "maintainer")
