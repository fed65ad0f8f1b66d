/** Names that programs which fetch links to draw a preview give themselves. */
const PREVIEW =
  /facebookexternalhit|facebot|twitterbot|slackbot|slack-imgproxy|discordbot|telegrambot|whatsapp|linkedinbot|skypeuripreview|microsoftpreview|teamsbot|googlebot|google-pagerenderer|bingpreview|applebot|redditbot|embedly|iframely|mattermost-bot|viber|vkshare|line-poker/i

/**
 * Whether a User-Agent names a program that fetches links for previews. Such fetches are refused where views are counted, so that they
 * cost none; anybody may send such a name, which gains them nothing.
 */
export function isLinkPreview(userAgent: string | null): boolean {
  return userAgent !== null && PREVIEW.test(userAgent)
}
