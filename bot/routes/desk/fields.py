"""Fields that several requests of the desk have."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

ConversationId = Annotated[str, Path(min_length=1, max_length=32, description="会话编号")]
MessageId = Annotated[int, Path(ge=1, le=2**53, description="消息编号")]
Number = Annotated[int, Field(ge=1, le=2**53)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Said = Annotated[str, Field(max_length=2000)]

TAG = "坐席"


class Request(BaseModel):
    """A body without unknown fields; texts are trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
