/**
 * A provider of OpenID Connect, run as a process of its own: node's certified one, with the sign-in pages that it brings for
 * development. Anybody signs in there by an e-mail; that of who begins with "unverified" is not verified.
 */
import Provider from 'oidc-provider';

const [issuer, redirect, clientId, secret] = process.argv.slice(2);
if (issuer === undefined || redirect === undefined || clientId === undefined || secret === undefined) {
  throw new Error('provider.ts <issuer> <redirect> <client> <secret>');
}

const provider = new Provider(issuer, {
  clients: [{ client_id: clientId, client_secret: secret, redirect_uris: [redirect] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  pkce: { required: () => true, methods: ['S256'] },
  findAccount: (_context, email) => ({
    accountId: email,
    claims: () => ({ sub: email, email, email_verified: !email.startsWith('unverified'), name: `${email.split('@', 1)[0]} of the provider` }),
  }),
});
const { hostname, port } = new URL(issuer);
provider.listen(Number(port), hostname);
