import type { Vault } from '../parts.ts'

/** What a webhook keeps to itself. */
export type WebhookSecrets = {
  /** Signs. */
  readonly secret: string
  /** Signs along until a time, while the receiver changes over. */
  readonly previous: { readonly secret: string; readonly until: number } | null
  /** For HTTP Basic, where the receiver asks for it. */
  readonly credentials: { readonly user: string; readonly password: string } | null
}

const PURPOSE = 'webhook'

/** Seals them for storage. */
export function sealWebhook(vault: Vault, secrets: WebhookSecrets): Uint8Array {
  return vault.seal(Buffer.from(JSON.stringify(secrets)), PURPOSE)
}

/** Opens what {@link sealWebhook} sealed. */
export function openWebhook(vault: Vault, sealed: Uint8Array): WebhookSecrets {
  return JSON.parse(Buffer.from(vault.open(sealed, PURPOSE)).toString('utf8'))
}

/** The secrets that sign at this time. */
export function signingSecrets({ secret, previous }: WebhookSecrets, at: number): readonly string[] {
  return previous !== null && at < previous.until ? [secret, previous.secret] : [secret]
}
