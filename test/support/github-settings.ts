/** The settings that lead the integration github, and its sign-in service, to a service of the test. */
export function githubSettings(origin: string, tokenPath = '/login/oauth/access_token'): Record<string, string> {
  return {
    SKILLETT_GITHUB_BASE_URL: origin,
    SKILLETT_GITHUB_TOKEN_URL: origin + tokenPath,
    SKILLETT_GITHUB_CLIENT_ID: 'the-client',
    SKILLETT_GITHUB_CLIENT_SECRET: 'the-secret',
  };
}
