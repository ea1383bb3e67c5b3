// A real OpenID provider that issues access tokens to machines (RFC 6749, 4.4) in the format of RFC 9068.
//
//   node provider.mjs [PORT]
//
// It generates new keys at every start, prints its issuer, and ends when its standard input closes, so that a killed
// test leaves no process behind.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

// The claims of an account: the role, and the place of work.
const CLIENTS = {
  nurse: { alg: 'RS256', roles: ['offline_access', 'ovr-staff'], seat: 'WN-E-1' },
  quality: { alg: 'ES256', roles: ['ovr-quality'], seat: 'WN-E-1' },
  elsewhere: { alg: 'ES256', roles: ['ovr-quality'], seat: 'BS-N-1' },
  stranger: { alg: 'RS256', roles: ['offline_access'], seat: 'WN-E-1' },
};

const signing = (kind, options, alg) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  alg,
});

const server = createServer();
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: {
      keys: [
        signing('rsa', { modulusLength: 2048 }, 'RS256'),
        signing('ec', { namedCurve: 'P-256' }, 'ES256'),
      ],
    },
    cookies: { keys: ['for tests only'] },
    clients: Object.keys(CLIENTS).map((name) => ({
      client_id: name,
      client_secret: 'for tests only',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
    })),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource, client) => ({
          audience: resource,
          scope: '',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: CLIENTS[client.clientId].alg } },
        }),
      },
    },
    extraTokenClaims: (_, token) => {
      const { roles, seat } = CLIENTS[token.clientId];
      return { realm_access: { roles }, eovr_seat: seat };
    },
  });
  server.on('request', provider.callback());
  console.log(`issuer ${issuer}`);
});

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
