package programtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// Client is somebody who uses the public API.
type Client struct {
	T     testing.TB
	URL   string
	HTTP  *http.Client // with a cookie jar of its own
	Token string       // sent as a bearer token, unless empty
	ID    string
}

// GraphError is the first error of an answer.
type GraphError struct {
	Code, Message, Field string
	Extensions           gjson.Result
}

func (e *GraphError) Error() string { return e.Code + ": " + e.Message }

// Anonymous is somebody who is not signed in.
func (p *Program) Anonymous() *Client {
	jar, err := cookiejar.New(nil)
	require.NoError(p.T, err)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	p.T.Cleanup(transport.CloseIdleConnections)
	return &Client{T: p.T, URL: p.URL, HTTP: &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute}}
}

// At is the same person at another server.
func (c *Client) At(p *Program) *Client {
	other := *c
	other.URL = p.URL
	return &other
}

// Person signs somebody up.
func (p *Program) Person(name string) *Client {
	p.T.Helper()
	c := p.Anonymous()
	r := c.Must(`mutation($i: SignUpInput!) { signUp(input: $i) { viewer { id roles } } }`,
		Vars{"i": Vars{"email": name + "@example.org", "password": "password of " + name, "displayName": name}})
	c.ID = r.Get("signUp.viewer.id").String()
	return c
}

// Admin signs in as the admin.
func (p *Program) Admin() *Client {
	p.T.Helper()
	c := p.Anonymous()
	r := c.Must(`mutation($i: SignInInput!) { signIn(input: $i) { viewer { id } } }`, Vars{"i": Vars{"email": AdminEmail, "password": AdminPassword}})
	c.ID = r.Get("signIn.viewer.id").String()
	return c
}

// Vars are the variables of a document, or an input within them.
type Vars map[string]any

// Do sends a document and returns its data, or the first error.
func (c *Client) Do(query string, v Vars) (gjson.Result, error) {
	r, err := c.answer(query, v)
	if err != nil {
		return gjson.Result{}, err
	}
	if e := r.Get("errors.0"); e.Exists() {
		return r.Get("data"), GraphErrorOf(e)
	}
	if !r.Get("data").Exists() {
		return gjson.Result{}, fmt.Errorf("neither data nor errors: %s", r.Raw)
	}
	return r.Get("data"), nil
}

// Answer sends a document and returns all that comes back.
func (c *Client) Answer(query string, v Vars) gjson.Result {
	c.T.Helper()
	r, err := c.answer(query, v)
	require.NoError(c.T, err, "%.300s", query)
	return r
}

func (c *Client) answer(query string, v Vars) (gjson.Result, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	if err != nil {
		return gjson.Result{}, err
	}
	req, err := http.NewRequest(http.MethodPost, c.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return gjson.Result{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return gjson.Result{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var buf bytes.Buffer
	_, err = buf.ReadFrom(resp.Body)
	return gjson.ParseBytes(buf.Bytes()), err
}

// GraphErrorOf reads an error out of an answer.
func GraphErrorOf(e gjson.Result) *GraphError {
	return &GraphError{
		Code: e.Get("extensions.code").String(), Message: e.Get("message").String(),
		Field: e.Get("extensions.field").String(), Extensions: e.Get("extensions"),
	}
}

// Must sends a document that has to be answered, and returns its data.
func (c *Client) Must(query string, v Vars) gjson.Result {
	c.T.Helper()
	r, err := c.Do(query, v)
	require.NoError(c.T, err, query)
	return r
}

// Refused wants the document to fail with a code.
func (c *Client) Refused(code, query string, v Vars) *GraphError {
	c.T.Helper()
	_, err := c.Do(query, v)
	require.Error(c.T, err)
	e, ok := err.(*GraphError)
	require.True(c.T, ok, "%v", err)
	require.Equal(c.T, code, e.Code, e.Message)
	return e
}

// Fetch asks for a path as the person is signed in, and returns the answer with its body.
func (c *Client) Fetch(method, path string) (*http.Response, string) {
	c.T.Helper()
	req, err := http.NewRequest(method, c.URL+path, nil)
	require.NoError(c.T, err)
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.HTTP.Do(req)
	require.NoError(c.T, err)
	defer func() { _ = resp.Body.Close() }()
	return resp, string(readAll(c.T, resp.Body))
}
