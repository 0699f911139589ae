package acceptance

import (
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/programtest"
)

const (
	beginPasskey      = `mutation { beginPasskeyRegistration { id options } }`
	addPasskey        = `mutation($i: AddPasskeyInput!) { addPasskey(input: $i) { id name createdAt lastUsedAt } }`
	beginUse          = `mutation { beginPasskeyAuthentication { id options } }`
	signInWithPasskey = `mutation($i: UsePasskeyInput!) { signInWithPasskey(input: $i) { viewer { id passkeys { name lastUsedAt } } } }`
)

// authenticator holds a passkey for the pool at an address.
type authenticator struct {
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func newAuthenticator(p *program) *authenticator {
	// The key of RSA: the library writes a coordinate of an elliptic one too short where it begins with a zero.
	return &authenticator{
		rp:   virtualwebauthn.RelyingParty{Name: "Resource Pool", ID: "localhost", Origin: strings.Replace(p.URL, "127.0.0.1", "localhost", 1)},
		auth: virtualwebauthn.NewAuthenticator(), key: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeRSA),
	}
}

func (a *authenticator) register(t *testing.T, c *client) gjson.Result {
	t.Helper()
	begun := c.Must(beginPasskey, nil).Get("beginPasskeyRegistration")
	options, err := virtualwebauthn.ParseAttestationOptions(begun.Get("options").String())
	require.NoError(t, err)
	a.auth.Options.UserHandle = []byte(options.UserID)
	return c.Must(addPasskey, vars{"i": vars{
		"ceremonyId": begun.Get("id").String(), "name": "Laptop",
		"credential": virtualwebauthn.CreateAttestationResponse(a.rp, a.auth, a.key, *options),
	}}).Get("addPasskey")
}

// answer begins a sign-in as the client and answers it.
func (a *authenticator) answer(t *testing.T, c *client) vars {
	t.Helper()
	begun := c.Must(beginUse, nil).Get("beginPasskeyAuthentication")
	options, err := virtualwebauthn.ParseAssertionOptions(begun.Get("options").String())
	require.NoError(t, err)
	a.key.Counter++
	return vars{"i": vars{"ceremonyId": begun.Get("id").String(), "credential": virtualwebauthn.CreateAssertionResponse(a.rp, a.auth, a.key, *options)}}
}

func TestAPasskeyIsAllThatItTakes(t *testing.T) {
	p := programtest.Serve(t)
	tom, laptop := p.Person("tom"), newAuthenticator(p)
	made := laptop.register(t, tom)
	require.Equal(t, "Laptop", made.Get("name").String())

	visitor := p.Anonymous()
	methods := visitor.Must(`{ signInMethods { signUp password passkeys oidc { name url } } }`, nil).Get("signInMethods")
	require.JSONEq(t, `{"signUp":"OPEN","password":true,"passkeys":true,"oidc":null}`, methods.Raw)
	answer := laptop.answer(t, visitor)
	viewer := visitor.Must(signInWithPasskey, answer).Get("signInWithPasskey.viewer")
	require.Equal(t, tom.ID, viewer.Get("id").String())
	require.NotEmpty(t, viewer.Get("passkeys.0.lastUsedAt").String())
	require.Equal(t, tom.ID, visitor.Must(`{ viewer { id } }`, nil).Get("viewer.id").String())
	require.Equal(t, "input.ceremonyId", p.Anonymous().Refused("BAD_USER_INPUT", signInWithPasskey, answer).Field, "an answer is good once")

	// Whose passkeys there are is told to nobody else, and nobody else removes one.
	bob := p.Person("bob")
	require.Equal(t, "FORBIDDEN", bob.Refused("FORBIDDEN", `query($id: ID!) { node(id: $id) { ... on User { passkeys { id } } } users { totalCount } }`, vars{"id": tom.ID}).Code)
	bob.Refused("NOT_FOUND", `mutation($id: ID!) { removePasskey(id: $id) }`, vars{"id": made.Get("id").String()})
	require.Equal(t, "Laptop", p.Admin().Must(`{ users(filter: {search: "tom@"}) { edges { node { passkeys { name } } } } }`, nil).
		Get("users.edges.0.node.passkeys.0.name").String())
	program := p.Anonymous()
	program.Token = tom.APIToken()
	program.Refused("FORBIDDEN", beginPasskey, nil)
	p.Anonymous().Refused("UNAUTHENTICATED", beginPasskey, nil)

	elsewhere := *laptop
	elsewhere.rp.Origin = "http://evil.example"
	p.Anonymous().Refused("UNAUTHENTICATED", signInWithPasskey, elsewhere.answer(t, p.Anonymous()))
	tom.Must(`mutation($i: UsePasskeyInput!) { reauthenticateWithPasskey(input: $i) }`, laptop.answer(t, tom))
	tom.Must(`mutation($id: ID!) { removePasskey(id: $id) }`, vars{"id": made.Get("id").String()})
	p.Anonymous().Refused("UNAUTHENTICATED", signInWithPasskey, laptop.answer(t, p.Anonymous()))
	require.NotContains(t, p.Out.String(), "level=ERROR")
}
