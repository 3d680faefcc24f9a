/** Whether a call went by the proxy: endpoints' names have no colon. */
export function isProxied({ endpoint }: { endpoint: string }): boolean {
  return endpoint.includes(':');
}
