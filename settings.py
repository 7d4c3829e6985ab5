"""One frozen, validated settings object, read from the environment. No module reads `os.environ` besides this one."""

from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from errors import SettingsError

PROJECT_ROOT = Path(__file__).resolve().parent
ACTION_PORT_OFFSET = 50  # Rasa's own convention: server 5005, actions 5055


class Settings(BaseSettings):
    """The contracts of docs/operations.md, one field a variable. Build with `load_settings()`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    data_dir: Path = Field(Path("var"), validation_alias="WENZHENG_DATA_DIR")
    build_cache: Path = Field(PROJECT_ROOT / ".cache", validation_alias="WENZHENG_BUILD_CACHE")
    database_url_setting: str | None = Field(None, validation_alias="DATABASE_URL")
    redis_url: str | None = Field(None, validation_alias="REDIS_URL")

    host: str = Field("0.0.0.0", validation_alias="WENZHENG_HOST")  # noqa: S104 - the gateway is the public part
    port: int = Field(8000, ge=1, le=65535, validation_alias="WENZHENG_PORT")
    listen_fd: int | None = Field(None, ge=3, validation_alias="WENZHENG_LISTEN_FD")  # given by the supervisor, not by people
    rasa_url: str = Field("http://127.0.0.1:5005", validation_alias="RASA_URL")
    rasa_timeout_s: float = Field(3.0, gt=0, le=60, validation_alias="WENZHENG_RASA_TIMEOUT_S")
    region: str | None = Field(None, pattern=r"^\d{6}$", validation_alias="WENZHENG_REGION")
    public_url: str | None = Field(None, validation_alias="WENZHENG_PUBLIC_URL")
    frame_ancestors: str = Field(
        "", pattern=r"^\s*(https?://[\w.*-]+(:\d+)?(\s+|$))*$", validation_alias="WENZHENG_FRAME_ANCESTORS"
    )
    admin_token: SecretStr | None = Field(None, validation_alias="WENZHENG_ADMIN_TOKEN")
    session_idle_minutes: int = Field(120, ge=30, le=480, validation_alias="WENZHENG_SESSION_IDLE_MINUTES")
    office_hours: str = Field(
        "8:30-12:00,14:00-17:30",
        pattern=r"^\s*\d{1,2}[:：]\d{2}\s*[-–—~]\s*\d{1,2}[:：]\d{2}(\s*[,，、;；]\s*\d{1,2}[:：]\d{2}\s*[-–—~]\s*\d{1,2}[:：]\d{2})*\s*$",
        validation_alias="WENZHENG_OFFICE_HOURS",
    )
    rate_limit: int = Field(30, ge=0, validation_alias="WENZHENG_RATE_LIMIT")
    review_months: str = Field(
        "qa=12,interpretation=12,service_item=12,case=24,notice=6", validation_alias="WENZHENG_REVIEW_MONTHS"
    )
    trusted_proxies: str = Field("", validation_alias="WENZHENG_TRUSTED_PROXIES")

    encoder: str = Field("builtin", validation_alias="WENZHENG_ENCODER")
    encoder_pooling: str = Field("mean", pattern="^(mean|cls)$", validation_alias="WENZHENG_ENCODER_POOLING")
    encoder_query_prompt: str | None = Field(None, validation_alias="WENZHENG_ENCODER_QUERY_PROMPT")
    encoder_passage_prompt: str | None = Field(None, validation_alias="WENZHENG_ENCODER_PASSAGE_PROMPT")

    train_schedule: str | None = Field(
        None, pattern=r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2}:\d{2}( light| full)?$", validation_alias="WENZHENG_TRAIN_SCHEDULE"
    )
    train_promote: str = Field("manual", pattern="^(manual|passed)$", validation_alias="WENZHENG_TRAIN_PROMOTE")
    keep_runs: int = Field(10, ge=1, le=1000, validation_alias="WENZHENG_KEEP_RUNS")

    wechat_token: SecretStr | None = Field(None, validation_alias="WECHAT_TOKEN")
    wechat_app_id: str | None = Field(None, validation_alias="WECHAT_APP_ID")
    wechat_aes_key: SecretStr | None = Field(None, validation_alias="WECHAT_AES_KEY")
    wechat_aes_key_previous: SecretStr | None = Field(None, validation_alias="WECHAT_AES_KEY_PREVIOUS")
    wechat_app_secret: SecretStr | None = Field(None, validation_alias="WECHAT_APP_SECRET")
    wechat_ticket_template_id: str | None = Field(None, validation_alias="WECHAT_TICKET_TEMPLATE_ID")
    wechat_ticket_template_fields: str = Field(
        "character_string1=number,thing2=department,thing3=result",
        pattern=r"^\s*\w+\s*=\s*(number|department|result)\s*(,\s*\w+\s*=\s*(number|department|result)\s*)*$",
        validation_alias="WECHAT_TICKET_TEMPLATE_FIELDS",
    )
    wechat_api_base: str = Field("https://api.weixin.qq.com", validation_alias="WECHAT_API_BASE")

    @field_validator("rasa_url", "public_url", "wechat_api_base")
    @classmethod
    def _is_http_address(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/") if value else value

    @cached_property
    def root(self) -> Path:
        """The data folder as an absolute path."""
        return self.data_dir.expanduser().resolve()

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL; a SQLite file in the data folder unless DATABASE_URL says otherwise."""
        if self.database_url_setting:
            url = self.database_url_setting
            for plain in ("postgres://", "postgresql://"):
                if url.startswith(plain):
                    return "postgresql+psycopg://" + url.removeprefix(plain)
            return url
        return f"sqlite:///{self.root / 'wenzheng.db'}"

    @property
    def rasa_port(self) -> int:
        return urlsplit(self.rasa_url).port or 5005

    @property
    def action_port(self) -> int:
        """Port of the action endpoint, on 127.0.0.1; follows Rasa's port."""
        return self.rasa_port + ACTION_PORT_OFFSET


def load_settings(**overrides: object) -> Settings:
    """Read the environment.

    Raises:
        SettingsError: names the variable, what was expected and what was received.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as exc:
        parts = [f"{'.'.join(map(str, e['loc']))}（收到 {e['input']!r}）：{e['msg']}" for e in exc.errors()]
        raise SettingsError(
            "配置有误：" + "；".join(parts) + "。", fix="按 docs/operations.md 的说明改正这些环境变量后重试。"
        ) from exc
