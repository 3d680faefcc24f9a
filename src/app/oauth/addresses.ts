/** Where the authorisation server of `/mcp/oauth` is, for clients that know only that address. */
import type { Config } from '../../core/config/config.ts';

export const resourcePath = '/mcp/oauth';
export const authorizePath = `${resourcePath}/authorize`;
export const tokenPath = `${resourcePath}/token`;
export const registerPath = `${resourcePath}/register`;
export const revokePath = `${resourcePath}/revoke`;

type PublicUrl = Pick<Config, 'publicUrl'>;

/** The resource, and the issuer (RFC 8414, section 2): one of both has one address. */
export function resourceOf({ publicUrl }: PublicUrl): string {
  return publicUrl + resourcePath;
}

/** RFC 9728, section 3.1, and RFC 8414, section 3.1: between host and path. */
export function wellKnown({ publicUrl }: PublicUrl, name: 'oauth-protected-resource' | 'oauth-authorization-server'): string {
  const { origin, pathname } = new URL(publicUrl);
  return `${origin}/.well-known/${name}${pathname.replace(/\/$/, '')}${resourcePath}`;
}

/** Where it is asked for here, the path of PUBLIC_URL taken out. */
export const resourceMetadataPath = `/.well-known/oauth-protected-resource${resourcePath}`;
export const serverMetadataPath = `/.well-known/oauth-authorization-server${resourcePath}`;

/** RFC 9728, section 2. */
export function describeResource(config: PublicUrl): object {
  return {
    resource: resourceOf(config),
    authorization_servers: [resourceOf(config)],
    bearer_methods_supported: ['header'],
    resource_name: 'Skillett',
  };
}

/** RFC 8414, section 2. */
export function describeServer(config: PublicUrl): object {
  return {
    issuer: resourceOf(config),
    authorization_endpoint: config.publicUrl + authorizePath,
    token_endpoint: config.publicUrl + tokenPath,
    registration_endpoint: config.publicUrl + registerPath,
    revocation_endpoint: config.publicUrl + revokePath,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  };
}
