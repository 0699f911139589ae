package access

import (
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
)

const (
	signIn     = `mutation($e: String!, $p: String!) { signIn(input: {email: $e, password: $p}) { viewer { id } } }`
	who        = `{ viewer { id } }`
	cookieName = "pool_session"
)

// nightly reports whether there is time to measure.
func nightly() bool { return os.Getenv("POOL_TEST_NIGHTLY") != "" }

func password(name string) vars {
	return vars{"e": name + "@example.org", "p": "password of " + name}
}

func wrong(name string) vars { return vars{"e": name + "@example.org", "p": "a wrong password"} }

// from is somebody at another address of this machine, as a proxy that need not be trusted says of them.
func from(p *program, address, forwarded string) *client {
	c := p.Anonymous()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	c.HTTP.Transport = forwarding{&http.Transport{DialContext: dialer.DialContext}, forwarded}
	return c
}

// forwarding sends X-Forwarded-For.
type forwarding struct {
	*http.Transport
	value string
}

func (f forwarding) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if f.value != "" {
		r.Header.Set("X-Forwarded-For", f.value)
	}
	return f.Transport.RoundTrip(r)
}

// TestRow30_UserEnumeration: whether an e-mail has an account is not to be seen in what comes back, nor in how long it takes:
// both ways hash.
func TestRow30_UserEnumeration(t *testing.T) {
	p, db := one(t)
	tries := 20
	if nightly() {
		tries = 400
	}
	const people = 8 // so that no limit is met
	for i := range people {
		p.Person("tom" + strconv.Itoa(i))
	}
	forget := func() {
		_, err := db.ExecContext(t.Context(), `DELETE FROM throttles`)
		require.NoError(t, err)
	}
	c := p.Anonymous()
	var known, unknown timing
	for i := range tries {
		forget()
		name := strconv.Itoa(i % people)
		known.take(p, func() {
			require.Equal(t, "wrong e-mail or password", c.Refused("UNAUTHENTICATED", signIn, wrong("tom"+name)).Message)
		})
		unknown.take(p, func() {
			require.Equal(t, "wrong e-mail or password", c.Refused("UNAUTHENTICATED", signIn, wrong("eve"+name)).Message)
		})
	}
	a, b := c.Refused("UNAUTHENTICATED", signIn, wrong("tom1")), c.Refused("UNAUTHENTICATED", signIn, wrong("eve1"))
	require.Equal(t, a.Extensions.Raw, b.Extensions.Raw)
	// A hash is far more work than all else that a sign-in is.
	require.Greater(t, unknown.work, known.work*2/3, "work for an unknown e-mail and for a known one")
	require.Less(t, unknown.work, known.work*3/2, "work for an unknown e-mail and for a known one")
	if nightly() {
		require.InEpsilon(t, known.median().Seconds(), unknown.median().Seconds(), 0.05, "median")
	}
}

// TestRow31_PasswordHashing: argon2id with no less than 19 MiB and two passes, of the whole password, a few at a time.
func TestRow31_PasswordHashing(t *testing.T) {
	p, db := one(t)
	long := strings.Repeat("x", 72)
	p.Anonymous().Must(`mutation($i: SignUpInput!) { signUp(input: $i) { viewer { id } } }`,
		vars{"i": vars{"email": "long@example.org", "password": long + " one", "displayName": "Long"}})
	p.Anonymous().Refused("UNAUTHENTICATED", signIn, vars{"e": "long@example.org", "p": long + " two"})
	p.Anonymous().Must(signIn, vars{"e": "long@example.org", "p": long + " one"})
	var memory, passes, lanes int
	hash := text(t, db, `SELECT password_hash FROM users WHERE email = 'long@example.org'`)
	_, err := fmt.Sscanf(hash, "$argon2id$v=19$m=%d,t=%d,p=%d$", &memory, &passes, &lanes)
	require.NoError(t, err, hash)
	require.GreaterOrEqual(t, memory, 19*1024)
	require.GreaterOrEqual(t, passes, 2)

	tom := p.Person("tom")
	logins, answers := 60, 30
	if nightly() {
		logins, answers = 200, 100
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		programtest.Together(logins, func(int) error { _, err := p.Anonymous().Do(signIn, password("tom")); return err })
	}()
	var waits timing
	for running := true; running; {
		waits.take(p, func() { tom.Must(who, nil) })
		select {
		case <-ended:
			running = false
		default:
		}
	}
	// Hashing takes seconds. Who asks for themself is answered many times meanwhile, not after it.
	require.Greater(t, len(waits.took), answers, "answers while others sign in")
	if nightly() {
		require.Less(t, waits.quantile(0.99), 200*time.Millisecond, "99 of 100 answers while others sign in")
	}
}

// TestRow32_SessionFixation: nobody goes on under an id that somebody else may have known before.
func TestRow32_SessionFixation(t *testing.T) {
	p, _ := one(t)
	eve, tom := p.Person("eve"), p.Person("tom")
	length := len(cookie(tom))

	planted := p.Anonymous()
	plant(planted, strings.Repeat("A", length))
	require.Equal(t, "null", planted.Must(who, nil).Get("viewer").Raw)
	planted.Must(signIn, password("tom"))
	require.NotEqual(t, strings.Repeat("A", length), cookie(planted))

	// Eve has tom's browser use her session, and he signs in with it.
	evil := cookie(eve)
	plant(planted, evil)
	require.Equal(t, eve.ID, planted.Must(who, nil).Get("viewer.id").String())
	planted.Must(signIn, password("tom"))
	require.NotEqual(t, evil, cookie(planted))
	require.Equal(t, tom.ID, planted.Must(who, nil).Get("viewer.id").String())
	gone(t, p, evil)

	// Another password.
	elsewhere := p.Anonymous()
	elsewhere.Must(signIn, password("tom"))
	third, fourth := cookie(tom), cookie(elsewhere)
	tom.Must(`mutation { changePassword(password: "password of tom", newPassword: "another password of tom") { viewer { id } } }`, nil)
	require.NotEqual(t, third, cookie(tom))
	require.Equal(t, tom.ID, tom.Must(who, nil).Get("viewer.id").String())
	gone(t, p, third)
	gone(t, p, fourth)
}

// gone wants nobody to be signed in by a cookie.
func gone(t *testing.T, p *program, value string) {
	t.Helper()
	c := p.Anonymous()
	plant(c, value)
	require.Equal(t, "null", c.Must(who, nil).Get("viewer").Raw, "an id that was known before")
	c.Refused("UNAUTHENTICATED", `mutation { signOut }`, nil)
}

func site(c *client) *url.URL {
	u, err := url.Parse(c.URL)
	require.NoError(c.T, err)
	return u
}

func cookie(c *client) string {
	for _, k := range c.HTTP.Jar.Cookies(site(c)) {
		if k.Name == cookieName {
			return k.Value
		}
	}
	return ""
}

func plant(c *client, value string) {
	jar, err := cookiejar.New(nil)
	require.NoError(c.T, err)
	jar.SetCookies(site(c), []*http.Cookie{{Name: cookieName, Value: value, Path: "/"}})
	c.HTTP.Jar = jar
}

// TestRow33_Stuffing: guesses are counted where they come from, over all servers, whatever they say of it themselves; the
// owner, who is elsewhere, still comes in.
func TestRow33_Stuffing(t *testing.T) {
	database := dbtest.URL(t)
	p := programtest.Launch(t, programtest.Settings(t, database))
	behind := programtest.Launch(t, programtest.Settings(t, database, "POOL_TRUSTED_PROXIES=127.0.0.1"))
	for _, name := range []string{"tom", "bob", "ann"} {
		p.Person(name)
	}

	// Straight at a server that trusts no proxy. The last sends the right password.
	refused := func(i int, v vars) string {
		_, err := from(p, "127.0.0.1", fmt.Sprintf("203.0.113.%d, 198.51.100.%d", i, i)).Do(signIn, v)
		e, ok := err.(*programtest.GraphError)
		if !ok {
			return fmt.Sprint(err)
		}
		if e.Code == "RATE_LIMITED" {
			require.Positive(t, e.Extensions.Get("retryAfterSeconds").Int())
		}
		return e.Code
	}
	var codes []string
	for i := range 20 {
		codes = append(codes, refused(i, wrong("tom")))
	}
	require.Equal(t, "UNAUTHENTICATED", codes[0])
	require.Equal(t, "RATE_LIMITED", codes[19])
	require.Equal(t, "RATE_LIMITED", refused(20, password("tom")))
	_, err := from(behind, "127.0.0.1", "").Do(signIn, password("tom"))
	require.ErrorContains(t, err, "RATE_LIMITED", "at another server")
	from(p, "127.0.0.2", "").Must(signIn, password("tom")) // the owner elsewhere

	// Behind a proxy that is trusted: what it says counts, what was said to it does not.
	for i := range 20 {
		_, err = from(behind, "127.0.0.1", fmt.Sprintf("192.0.2.%d, 203.0.113.66", i)).Do(signIn, wrong("bob"))
	}
	require.ErrorContains(t, err, "RATE_LIMITED")
	from(behind, "127.0.0.1", "198.51.100.7").Must(signIn, password("bob"))

	// One password each for many accounts.
	for i := range 40 {
		_, err = from(behind, "127.0.0.1", "203.0.113.99").Do(signIn, wrong("nobody"+strconv.Itoa(i)))
	}
	require.ErrorContains(t, err, "RATE_LIMITED")
	_, err = from(behind, "127.0.0.1", "203.0.113.99").Do(signIn, password("ann"))
	require.ErrorContains(t, err, "RATE_LIMITED")
	from(behind, "127.0.0.1", "203.0.113.98").Must(signIn, password("ann"))
}

// TestRow29_StoredTokens: a token is found by its hash alone, and what is no token learns nothing from it.
func TestRow29_StoredTokens(t *testing.T) {
	p, db := one(t)
	tom := p.Person("tom")
	secret := tom.APIToken()
	require.Equal(t, "1", text(t, db, `SELECT count(*) FROM api_tokens WHERE secret_hash = sha256(convert_to($1, 'UTF8'))`, secret))
	require.NotContains(t, text(t, db, `SELECT string_agg(api_tokens::text, '') FROM api_tokens`), secret[3:len(secret)-4])
	require.NotContains(t, text(t, db, `SELECT string_agg(api_tokens::text, '') FROM api_tokens`), fmt.Sprintf("%x", secret))

	tries := 200
	if nightly() {
		tries = 10_000
	}
	var near, far timing
	answers := map[string]bool{}
	ask := func(token string) func() {
		return func() {
			resp, body := p.Call("GET", "/v1/models", "", "Authorization", "Bearer "+token)
			require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
			answers[body.Raw] = true
		}
	}
	for i := range tries {
		near.take(p, ask(nearly(secret, i)))
		far.take(p, ask("rp_"+strings.Repeat(string(rune('a'+i%26)), len(secret)-3)))
	}
	require.Len(t, answers, 1, "one answer, whatever is wrong")
	for answer := range answers {
		require.JSONEq(t, `{"error": {"message": "this API token is not valid", "type": "authentication_error", "param": null, "code": "invalid_api_key"}}`, answer)
	}
	for _, token := range []string{nearly(secret, 1), "rp_x", "x"} {
		c := p.Anonymous()
		c.Token = token
		e := c.Refused("UNAUTHENTICATED", who, nil)
		require.JSONEq(t, `{"code": "UNAUTHENTICATED"}`, e.Extensions.Raw)
		require.Equal(t, "this API token is not valid", e.Message)
	}
	if nightly() {
		require.InEpsilon(t, far.median().Seconds(), near.median().Seconds(), 0.05, "median")
		require.InEpsilon(t, far.quantile(0.9).Seconds(), near.quantile(0.9).Seconds(), 0.1, "nine of ten")
	}
	resp, body := p.Call("GET", "/v1/models", "", "Authorization", "Bearer "+secret)
	require.Equal(t, http.StatusOK, resp.StatusCode, body.Raw)
	require.Equal(t, gjson.JSON, body.Get("data").Type)
}

// nearly is a token but for one letter, mostly of the last ones.
func nearly(secret string, i int) string {
	b := []byte(secret)
	at := len(b) - 1 - i%(len(b)-4)
	b[at] = map[bool]byte{true: 'A', false: 'B'}[b[at] == 'B']
	return string(b)
}
