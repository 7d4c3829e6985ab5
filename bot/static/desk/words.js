// Words and times as agents read them.
export const CHANNELS = { web: "网页", wechat: "微信", phone: "电话" };
export const MOODS = { annoyed: "不满", distressed: "求助" };
export const REASONS = { asked: "主动要求", anger: "情绪不满", distress: "求助", topic: "须人工办理" };
export const STATES = { waiting: "等候", taken: "接待中", bot: "助手接待", closed: "已结束" };
export const ENDINGS = { closed: "已结束", left: "市民取消", expired: "无人接入" };
export const KINDS = { qa: "政策问答", interpretation: "政策解读", service_item: "办事指南", case: "典型案例", notice: "通知公告" };
export const VALIDITY = { valid: "现行有效", expired: "已失效", not_yet: "尚未施行" };
export const MARKS = { wrong: "不对", outdated: "过时", missing: "缺少知识" };
export const CLOSE_REASONS = ["已答复", "已转诉求工单", "市民离开", "已转其他渠道", "重复咨询", "骚扰或无效"];
export const DELIVERY = { pending: "待发送", sending: "发送中", waiting: "等用户发言后送达", uncertain: "不确定是否送达", dropped: "未送达" };
export const ROLES = { user: "市民", bot: "助手", agent: "坐席" };
export const VIEWS = [["waiting", "等候"], ["mine", "我的"], ["others", "他人"], ["bot", "助手"], ["closed", "已结束"], ["all", "全部"]];

export const WARN_S = 60; // a caller waits longer than this: amber
export const LATE_S = 180; // longer than this: red
export const REMIND_S = 120; // without an agent's word; after three minutes the conversation goes back to the queue
export const SILENCE_S = 180;

export const channelName = (name) => CHANNELS[name] ?? name;
export const callerName = (row) => `${channelName(row.channel)} ${row.conversation_id.slice(-4)}`;

export function seconds(since, now) {
  return since ? Math.max(0, Math.floor((now - Date.parse(since)) / 1000)) : null;
}

export function span(s) {
  if (s === null) return "";
  if (s < 3600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  return s < 86400 ? `${Math.floor(s / 3600)} 小时` : `${Math.floor(s / 86400)} 天`;
}

export const urgency = (s) => (s === null || s < WARN_S ? "" : s < LATE_S ? "warn" : "late");

export function clock(at) {
  if (!at) return "";
  const day = new Date(at);
  const time = day.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
  if (day.toDateString() === new Date().toDateString()) return time;
  return `${day.getMonth() + 1}-${day.getDate()} ${time}`;
}

export const percent = (p) => (p === null || p === undefined ? "承接上文" : `${Math.round(p * 100)}%`);
