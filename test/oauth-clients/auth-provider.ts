interface Tokens {
  access_token: string;
  token_type: string;
  refresh_token?: string | undefined;
}

/** What the SDK's clients keep of a sign-in, in memory. The interface is the same in both generations of the SDK. */
export class AuthProvider {
  readonly redirectUrl: string;
  readonly clientMetadataUrl?: string;
  /** Where a person is to be led. */
  opened: URL | undefined;
  #client: object | undefined;
  #tokens: Tokens | undefined;
  #verifier = '';
  #discovery: object | undefined;

  constructor(redirectUrl: string, clientMetadataUrl?: string) {
    this.redirectUrl = redirectUrl;
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl;
  }

  get clientMetadata() {
    return { client_name: 'SDK', redirect_uris: [this.redirectUrl], token_endpoint_auth_method: 'none' };
  }

  state(): string {
    return 'of-the-sdk';
  }

  clientInformation() {
    return this.#client as { client_id: string } | undefined;
  }

  saveClientInformation(client: object): void {
    this.#client = client;
  }

  tokens() {
    return this.#tokens;
  }

  saveTokens(tokens: Tokens): void {
    this.#tokens = tokens;
  }

  redirectToAuthorization(url: URL): void {
    this.opened = url;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  saveDiscoveryState(state: object): void {
    this.#discovery = state;
  }

  discoveryState() {
    return this.#discovery as never;
  }
}
