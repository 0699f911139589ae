package http

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
)

// Who sends a body that breaks off has sent a secret all the same.
func TestRow21_MalformedBodyEcho(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	const canary = "sk-CANARY21-0123456789abcdef"
	tom := p.Person("row21")
	token := tom.APIToken()
	for _, path := range []string{"/graphql", "/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings"} {
		for name, body := range map[string]string{
			"truncated":      `{"query":"{ viewer { id } }","variables":{"apiKey":"` + canary,
			"a wrong type":   `{"query":{"apiKey":"` + canary + `"},"model":{"apiKey":"` + canary + `"}}`,
			"not an object":  `"` + canary + `"`,
			"not JSON":       canary,
			"an odd literal": `{"query":` + canary + `,"model":` + canary + `}`,
			"a duplicate":    `{"query":"{ viewer { id } }","model":"gpt-4"} {"apiKey":"` + canary + `"}`,
		} {
			resp, answer := p.Call(http.MethodPost, path, body, "Content-Type", "application/json", "Authorization", "Bearer "+token)
			require.Equal(t, http.StatusBadRequest, resp.StatusCode, "%s %s: %s", path, name, answer.Raw)
			require.NotContains(t, answer.Raw, "CANARY21", "%s %s", path, name)
		}
	}
	// A value in the wrong place of a document is not repeated either.
	for _, document := range []string{
		`mutation { deposit(input: {provider: "openai", quota: "1", apiKey: skCANARY21}) { fee } }`,
		`mutation { deposit(input: {provider: "openai", quota: "` + canary + `", apiKey: "x"}) { fee } }`,
		`mutation { deposit(input: {provider: "openai", quota: "1", apiKey: "` + canary + `) { fee } }`,
	} {
		require.NotContains(t, tom.Answer(document, nil).Raw, "CANARY21")
	}
	s := tom.Socket()
	require.NoError(t, s.Conn.WriteMessage(websocket.TextMessage, []byte(`{"id":"1","type":"subscribe","payload":{"apiKey":"`+canary)))
	_, _, err := s.Conn.ReadMessage()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "CANARY21")
	require.NotContains(t, p.Out.String(), "CANARY21")
}

// There are no signed tokens here whose secret could be unset: what looks like one is nobody's. What the server has a
// secret for, it does not start without.
func TestRow44_UnsetSecrets(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	admin := p.Admin()
	part := func(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }
	claims := "." + part(`{"sub":"`+admin.ID+`","roles":["ADMIN"],"exp":4102444800}`)
	signed := func(key string) string {
		text := part(`{"alg":"HS256","typ":"JWT"}`) + claims
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	for name, token := range map[string]string{
		"alg none":       part(`{"alg":"none","typ":"JWT"}`) + claims + ".",
		"alg nOnE":       part(`{"alg":"nOnE","typ":"JWT"}`) + claims + ".",
		"empty key":      signed(""),
		"a known secret": signed("secret"),
		"a bare prefix":  "rp_",
		"zeros":          "rp_" + strings.Repeat("0", 43),
	} {
		for path, body := range map[string]string{"/graphql": `{"query":"{ viewer { id } }"}`, "/v1/chat/completions": `{"model":"gpt-4","messages":[]}`} {
			status, _ := request(t, p, http.MethodPost, path, body, "Content-Type", "application/json", "Authorization", "Bearer "+token)
			require.Equal(t, http.StatusUnauthorized, status, "%s: %s", path, name)
		}
		for _, path := range []string{"/statement.csv", "/v1/models"} {
			status, _ := request(t, p, http.MethodGet, path, "", "Authorization", "Bearer "+token)
			require.Equal(t, http.StatusUnauthorized, status, "%s: %s", path, name)
		}
	}

	env := programtest.Settings(t, dbtest.URL(t))
	without := slices.DeleteFunc(slices.Clone(env), func(e string) bool { return strings.HasPrefix(e, "POOL_MASTER_KEY=") })
	require.Contains(t, programtest.FailsToStart(t, without), "POOL_MASTER_KEY: required with DATABASE_URL")
	for _, weak := range []string{"", " ", "secret", base64.StdEncoding.EncodeToString(make([]byte, 16))} {
		require.Contains(t, programtest.FailsToStart(t, append(slices.Clone(env), "POOL_MASTER_KEY="+weak)), "POOL_MASTER_KEY", "%q", weak)
	}
}
