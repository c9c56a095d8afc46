// The emoji that apps name in messages; others are shown by their name.

const emoji: Record<string, string> = {
  white_check_mark: '✅', heavy_check_mark: '✔️', ballot_box_with_check: '☑️', x: '❌', negative_squared_cross_mark: '❎', no_entry: '⛔', no_entry_sign: '🚫', octagonal_sign: '🛑', warning: '⚠️',
  rotating_light: '🚨', red_circle: '🔴', large_orange_circle: '🟠', large_yellow_circle: '🟡', large_green_circle: '🟢', large_blue_circle: '🔵', large_purple_circle: '🟣', white_circle: '⚪', black_circle: '⚫',
  hourglass: '⌛', hourglass_flowing_sand: '⏳', stopwatch: '⏱️', alarm_clock: '⏰', clock1: '🕐', arrows_counterclockwise: '🔄', repeat: '🔁', leftwards_arrow_with_hook: '↩️', arrow_right: '➡️', arrow_up: '⬆️', arrow_down: '⬇️',
  rocket: '🚀', tada: '🎉', eyes: '👀', confused: '😕', thinking_face: '🤔', '+1': '👍', thumbsup: '👍', '-1': '👎', thumbsdown: '👎', wave: '👋', raised_hands: '🙌', pray: '🙏', fire: '🔥', boom: '💥', zap: '⚡',
  lock: '🔒', unlock: '🔓', key: '🔑', shield: '🛡️', passport_control: '🛂', bust_in_silhouette: '👤', busts_in_silhouette: '👥', robot_face: '🤖', wheel_of_dharma: '☸️', anchor: '⚓', ship: '🚢', sailboat: '⛵', compass: '🧭',
  package: '📦', wrench: '🔧', hammer_and_wrench: '🛠️', gear: '⚙️', bug: '🐛', mag: '🔍', memo: '📝', scroll: '📜', page_facing_up: '📄', clipboard: '📋', bookmark_tabs: '📑', link: '🔗', bell: '🔔', no_bell: '🔕', zzz: '💤',
  inbox_tray: '📥', outbox_tray: '📤', wastebasket: '🗑️', recycle: '♻️', thunder_cloud_and_rain: '⛈️', boxing_glove: '🥊', see_no_evil: '🙈', spiral_calendar_pad: '🗓️', calendar: '📅', chart_with_upwards_trend: '📈',
  information_source: 'ℹ️', question: '❓', grey_question: '❔', exclamation: '❗', bulb: '💡', point_right: '👉', heavy_plus_sign: '➕', heavy_minus_sign: '➖', twisted_rightwards_arrows: '🔀', seedling: '🌱', construction: '🚧',
};

export function emojiOf(name: string): string {
  return emoji[name] ?? `:${name}:`;
}
