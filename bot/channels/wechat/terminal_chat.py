"""A conversation with the callback in a terminal: what a person types becomes what WeChat would push."""

from bot.channels.wechat.simulator import FAULT_NOTICE, Option, Reply, SimulatedUser, readable

QUIT = "/quit"
HELP = """直接输入文字即为发送消息。其他操作：
  /1            选择上一条回复中的第 1 个选项
  /subscribe    关注公众号          /unsubscribe  取消关注
  /scan 场景    扫描二维码，例如 /scan entry_12
  /click KEY    点击菜单，例如 /click say:转人工
  /location     发送位置            /image        发送图片
  /voice        发送语音            /quit         结束"""
NO_PASSIVE_REPLY = "（没有被动回复：答案会以客服消息送达，或在再次发消息时给出）"
_LOCATION = {"Location_X": "30.274084", "Location_Y": "120.155070", "Scale": "15", "Label": "示例市市民中心"}
_IMAGE = {"PicUrl": "http://mmbiz.qpic.cn/simulated", "MediaId": "SIMULATED"}
_VOICE = {"MediaId": "SIMULATED", "Format": "amr", "Recognition": ""}


class TerminalChat:
    """One user's terminal. Remembers the options of the last reply that had any."""

    def __init__(self, user: SimulatedUser) -> None:
        self._user = user
        self._options: list[Option] = []

    async def enter(self, line: str) -> tuple[str, Reply | None]:
        """Do what a typed line says; returns what to show, and the reply where one was asked for."""
        reply = await self._act(line.strip())
        if reply is None:
            return HELP, None
        if reply.fault:
            return f"{FAULT_NOTICE}\n（原因：{reply.fault}；推送了 {reply.attempts} 次）", reply
        if reply.text is None:
            return NO_PASSIVE_REPLY, reply
        shown, options = readable(reply.text)
        self._options = options or self._options
        again = f"，第 {reply.attempts} 次推送才得到回复" if reply.attempts > 1 else ""
        return f"{shown}\n（{reply.seconds:.2f} 秒{again}）", reply

    async def _act(self, line: str) -> Reply | None:
        """None: not understood."""
        command, _, rest = line.partition(" ")
        rest = rest.strip()
        if not line.startswith("/"):
            return await self._user.send_text(line) if line else None
        if command[1:].isdecimal():
            return await self._choose(int(command[1:]))
        match command, rest:
            case (("/subscribe" | "/unsubscribe"), ""):
                return await self._user.send_event(command[1:], "")
            case "/scan", scene if scene:
                return await self._user.scan(scene)
            case "/click", key if key:
                return await self._user.send_event("CLICK", key)
            case "/location", "":
                return await self._user.send_message("location", _LOCATION)
            case "/image", "":
                return await self._user.send_message("image", _IMAGE)
            case "/voice", "":
                return await self._user.send_message("voice", _VOICE)
        return None

    async def _choose(self, number: int) -> Reply | None:
        if not 1 <= number <= len(self._options):
            return None
        option = self._options[number - 1]
        return await self._user.send_text(option.content, option.menu_id)
