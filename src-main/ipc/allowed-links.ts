/** Hosts whose pages the console may open in the machine's browser: documentation and releases. */
const ALLOWED_HOSTS = new Set(['github.com', 'docs.github.com'])

/** Only https, only hosts of the list, no user names or odd ports that could dress up another address. */
export function isAllowedLink(text: string): boolean {
  const url = URL.parse(text)
  if (!url) return false
  return (
    url.protocol === 'https:' &&
    url.port === '' &&
    url.username === '' &&
    url.password === '' &&
    ALLOWED_HOSTS.has(url.hostname)
  )
}
