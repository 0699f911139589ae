package graph

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/resourcepool/resourcepool/server/fault"
)

const canary = "sk-CANARY-0123456789"

func TestPostRefusesWhatIsNoQuery(t *testing.T) {
	e := newEdge(t)
	for name, c := range map[string]struct {
		method, contentType, accept, body string
		want                              int
	}{
		"ErrArray":         {"POST", "application/json", "", `[{"query":"{viewer{id}}"},{"query":"{viewer{id}}"}]`, 400},
		"ErrTruncated":     {"POST", "application/json", "", `{"query":"{viewer{id}}","variables":{"k":"` + canary, 400},
		"ErrTwoValues":     {"POST", "application/json", "", `{"query":"{viewer{id}}"} {"query":"` + canary + `"}`, 400},
		"ErrText":          {"POST", "application/json", "", `"` + canary + `"`, 400},
		"ErrNoQuery":       {"POST", "application/json", "", `{"variables":{"k":"` + canary + `"}}`, 400},
		"ErrQueryNoString": {"POST", "application/json", "", `{"query":{"k":"` + canary + `"}}`, 400},
		"ErrVariables":     {"POST", "application/json", "", `{"query":"{viewer{id}}","variables":"` + canary + `"}`, 400},
		"ErrGET":           {"GET", "", "", "", 406},
		"ErrPUT":           {"PUT", "application/json", "", `{"query":"{viewer{id}}"}`, 405},
		"ErrTextPlain":     {"POST", "text/plain", "", `{"query":"{viewer{id}}"}`, 415},
		"ErrForm":          {"POST", "application/x-www-form-urlencoded", "", `query={viewer{id}}`, 415},
		"ErrMultipart":     {"POST", "multipart/form-data; boundary=x", "", `--x--`, 415},
		"ErrCharset":       {"POST", "application/json; charset=utf-7", "", `{"query":"{viewer{id}}"}`, 415},
		"ErrAccept":        {"POST", "application/json", "text/html", `{"query":"{viewer{id}}"}`, 406},
	} {
		t.Run(name, func(t *testing.T) {
			got := e.send(t, "", c.method, c.contentType, c.accept, c.body)
			assert.Equal(t, c.want, got.status)
			assert.NotEmpty(t, got.Errors)
			assert.NotContains(t, got.raw, "CANARY")
		})
	}
	assert.NotContains(t, e.logged.String(), "CANARY")
}

func TestPostAnswersAsAskedFor(t *testing.T) {
	e := newEdge(t)
	const good, bad = `{"query":"{viewer{id}}"}`, `{"query":"{nothing}"}`
	for name, c := range map[string]struct {
		accept, body, contentType string
		status                    int
	}{
		"OK by default":    {"", good, "application/json; charset=utf-8", 200},
		"OK any":           {"*/*", good, "application/json; charset=utf-8", 200},
		"OK new":           {"application/graphql-response+json", good, "application/graphql-response+json; charset=utf-8", 200},
		"OK first of both": {"application/graphql-response+json, application/json;q=0.9", good, "application/graphql-response+json; charset=utf-8", 200},
		"ErrInvalid":       {"application/json", bad, "application/json; charset=utf-8", 200},
		"ErrInvalid new":   {"application/graphql-response+json", bad, "application/graphql-response+json; charset=utf-8", 400},
	} {
		t.Run(name, func(t *testing.T) {
			got := e.send(t, "", http.MethodPost, "application/json", c.accept, c.body)
			assert.Equal(t, c.status, got.status)
			assert.Equal(t, c.contentType, got.header.Get("Content-Type"))
			var keys map[string]json.RawMessage
			assert.NoError(t, json.Unmarshal([]byte(got.raw), &keys))
			if c.body == bad {
				assert.Equal(t, string(fault.BadUserInput), got.code())
				assert.NotContains(t, keys, "data", "nothing was executed")
			} else {
				assert.JSONEq(t, `{"viewer":null}`, string(got.Data))
			}
		})
	}
}
