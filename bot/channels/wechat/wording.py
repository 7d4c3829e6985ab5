"""Everything the WeChat channel says itself. Plain, polite, conclusion first; no Markdown, WeChat does not show it."""

WELCOME = (
    "您好，欢迎关注！我是政策咨询助手“问政”，可以为您查询政策规定、申报条件和办事流程。\n"
    "直接用文字或语音提问就行，也可以点下面的问题试试："
)
WORDS_PLEASE = {
    "image": "图片收到了，但我还看不懂图片。请用文字说明您想咨询的政策或要办的事，我来为您查找。",
    "voice": "抱歉，这条语音没有识别出文字。请用文字再说一遍您想咨询的问题，我来为您查找。",
    "video": "视频收到了，但我还看不懂视频。请用文字说明您想咨询的政策或要办的事，我来为您查找。",
    "shortvideo": "视频收到了，但我还看不懂视频。请用文字说明您想咨询的政策或要办的事，我来为您查找。",
    "link": "链接收到了，但我不能打开链接。请用文字写出您想了解的内容，或者写出文件的名称、文号，我来为您查找。",
    "location": "位置收到了。请用文字说出您想咨询的政策或要办的事，我来为您查找。",
    "unsupported": "这种消息我收不到内容。请用文字说明您想咨询的政策或要办的事，我来为您查找。",
}
LOCATION_KNOWN = "已记下您所在的地区：{region}。请用文字说出您想咨询的政策或要办的事，我来为您查找。"
NOT_THIS_CODE = "这个二维码对应的内容已经停用或不存在。请直接用文字说出您想咨询的问题，我来为您查找。"
UNKNOWN_MENU = "这个菜单暂时没有对应的内容。请直接用文字说出您想咨询的问题，我来为您查找。"
STILL_LOOKING = "正在查询，请回复任意文字获取答案"
STILL_LOOKING_AFTER = "您刚才发的问题还在查询，请再回复任意文字获取答案。"
TOO_FAST = "您发得有点快，我还没来得及回答。请过 {seconds} 秒再发。"
SHOWN = {  # how what is not text stands in the record of the conversation
    "image": "[图片]", "voice": "[语音]", "video": "[视频]", "shortvideo": "[视频]", "link": "[链接]", "location": "[位置]",
    "subscribe": "[关注]", "scan": "[扫码]", "unsupported": "[不支持的消息]", "menu": "[菜单]",
}  # fmt: skip
BROKEN = "抱歉，系统刚才出了点问题，没能回答您。请稍后再发一次，也可以拨打 12345 政务服务便民热线。"
