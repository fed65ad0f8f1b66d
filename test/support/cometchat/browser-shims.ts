/** What of a browser CometChat's SDK touches as it loads and works, on top of what Node has. MUST be called before it is loaded. */
export function becomeBrowser(): void {
  const nothing = () => {}
  const element = () => ({ style: {}, setAttribute: nothing, appendChild: nothing, addEventListener: nothing })
  const place = { protocol: 'https:', host: 'localhost', hostname: 'localhost', pathname: '/', search: '' }
  const parts: Record<string, unknown> = {
    window: globalThis,
    self: globalThis,
    localStorage: createStorage(),
    sessionStorage: createStorage(),
    navigator: { userAgent: 'Mozilla/5.0 (test)', platform: 'Linux', language: 'en', onLine: true },
    screen: { width: 1280, height: 720 },
    location: { ...place, href: 'https://localhost/', origin: 'https://localhost' },
    addEventListener: nothing,
    removeEventListener: nothing,
    document: {
      querySelector: () => null,
      querySelectorAll: () => [],
      getElementsByTagName: () => [],
      createElement: element,
      hasFocus: () => true,
      hidden: false,
      addEventListener: nothing,
      removeEventListener: nothing,
    },
    fetch: browserFetch(globalThis.fetch),
    XMLHttpRequest: Request,
  }
  for (const [name, value] of Object.entries(parts))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
}

/** Web Storage (HTML, section 12.2), kept in this process. */
function createStorage() {
  const items = new Map<string, string>()
  return {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: unknown) => void items.set(name, String(value)),
    removeItem: (name: string) => void items.delete(name),
    clear: () => items.clear(),
    key: (at: number) => [...items.keys()][at] ?? null,
    get length() {
      return items.size
    },
  }
}

/** Node's fetch without the options that mean something in a page only. */
function browserFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, { referrer: _referrer, mode: _mode, cache: _cache, ...init }: RequestInit = {}) => fetch(input, init)
}

/** As much of XMLHttpRequest as an upload needs. */
class Request {
  readonly upload: { onprogress?: (event: object) => void; addEventListener: () => void } = {
    addEventListener: () => {},
  }
  status = 0
  statusText = ''
  responseText = ''
  response = ''
  readyState = 0
  timeout = 0
  onload?: (event: object) => void
  onerror?: (event: object) => void
  onreadystatechange?: (event: object) => void
  private call: { method: string; url: string; headers: Record<string, string> } = { method: '', url: '', headers: {} }
  private readonly listeners = new Map<string, (event: object) => void>()

  open(method: string, url: string): void {
    this.call = { method, url, headers: {} }
  }
  setRequestHeader(name: string, value: string): void {
    this.call.headers[name] = value
  }
  addEventListener(name: string, listener: (event: object) => void): void {
    this.listeners.set(name, listener)
  }
  getResponseHeader(): null {
    return null
  }
  abort(): void {}
  send(body: NonNullable<RequestInit['body']> | null): void {
    const { url, ...init } = this.call
    fetch(url, { ...init, body }).then(
      async (answer) => {
        this.status = answer.status
        this.statusText = answer.statusText
        this.responseText = await answer.text()
        this.response = this.responseText
        this.readyState = 4
        this.tell('load')
      },
      () => this.tell('error'),
    )
  }
  private tell(what: 'load' | 'error'): void {
    const event = { type: what, target: this }
    this.onreadystatechange?.(event)
    if (what === 'load') this.onload?.(event)
    else this.onerror?.(event)
    this.listeners.get(what)?.(event)
  }
}
