// Package sso speaks OpenID Connect with the one provider of single sign-on that the operator names: where to send a
// browser, and who it is that comes back.
//
// Invariants: a Person is returned only where a token from the provider's own token endpoint, signed by a key that the
// provider publishes, is for this client, in time, and carries the nonce of the request; the code was exchanged with the
// PKCE verifier of the same request. What else a sign-in needs (that the browser that comes back is the one that left,
// whose account a Person is) is account's.
//
// The provider is looked up when it is first needed, so that the program starts while it is down. Its address is the
// operator's word: private ones are allowed. No redirect is followed, and answers are bounded in size and time.
//
// Imports: go-oidc, oauth2, net/http, clock.
package sso
