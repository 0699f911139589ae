// Package keyservice wraps keys by a service that never gives its own away: the transit engine of HashiCorp Vault, or of
// what speaks its API, such as OpenBao.
//
// The service sees what it wraps; it keeps nothing. Its token is read from a file at every call, so that whoever renews it
// (an agent) need not restart a server. No error repeats the token or a key. Imports: nothing of ours.
package keyservice

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	answerTime = 15 * time.Second
	mostAnswer = 64 << 10
)

// Transit is one key of a transit engine.
type Transit struct {
	encrypt, decrypt string
	tokenFile        string
	client           *http.Client
}

var errAddress = errors.New("must be the address of a key of a transit engine, https://vault.example:8200/v1/transit/keys/NAME; http is for this machine alone")

// NewTransit returns the key at an address, such as https://vault.example:8200/v1/transit/keys/resourcepool, which is asked
// with the token in a file.
func NewTransit(address, tokenFile string) (*Transit, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
		return nil, errAddress
	}
	mount, name, ok := cutLast(u.Path, "/keys/")
	if !ok || mount == "" || name == "" || strings.Contains(name, "/") {
		return nil, errAddress
	}
	at := func(act string) string {
		to := *u
		to.Path = mount + "/" + act + "/" + name
		return to.String()
	}
	return &Transit{
		encrypt: at("encrypt"), decrypt: at("decrypt"), tokenFile: tokenFile,
		client: &http.Client{
			Timeout: answerTime,
			// The token goes to the service and nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// Wrap encrypts a key.
func (t *Transit) Wrap(ctx context.Context, key []byte) ([]byte, error) {
	var out struct {
		Ciphertext string `json:"ciphertext"`
	}
	err := t.ask(ctx, t.encrypt, map[string]string{"plaintext": base64.StdEncoding.EncodeToString(key)}, &out)
	if err == nil && out.Ciphertext == "" {
		err = errNoAnswer
	}
	return []byte(out.Ciphertext), err
}

// Unwrap decrypts what Wrap encrypted.
func (t *Transit) Unwrap(ctx context.Context, wrapped []byte) ([]byte, error) {
	var out struct {
		Plaintext []byte `json:"plaintext"` // base64
	}
	err := t.ask(ctx, t.decrypt, map[string]string{"ciphertext": string(wrapped)}, &out)
	if err == nil && len(out.Plaintext) == 0 {
		err = errNoAnswer
	}
	return out.Plaintext, err
}

var errNoAnswer = errors.New("POOL_MASTER_KEY_URL: the key service gave no answer of a transit engine's")

// ask sends one request. The data of its answer goes to out.
func (t *Transit) ask(ctx context.Context, to string, in, out any) error {
	token, err := t.token()
	if err != nil {
		return err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("keyservice: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("POOL_MASTER_KEY_URL: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Vault-Token", token)
	req.Header.Set("X-Vault-Request", "true") // which an agent in between may insist on
	resp, err := t.client.Do(req)
	if err != nil {
		return fmt.Errorf("POOL_MASTER_KEY_URL: the key service can't be reached: %w", err)
	}
	defer resp.Body.Close()
	answer := struct {
		Data   any      `json:"data"`
		Errors []string `json:"errors"`
	}{Data: out}
	err = json.NewDecoder(io.LimitReader(resp.Body, mostAnswer)).Decode(&answer)
	switch {
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("POOL_MASTER_KEY_URL: the key service answered %s: %s", resp.Status, strings.Join(strings.Fields(strings.Join(answer.Errors, "; ")), " "))
	case err != nil:
		return errNoAnswer
	}
	return nil
}

var errToken = errors.New("POOL_MASTER_KEY_TOKEN_FILE: must name a file with the token of the key service")

func (t *Transit) token() (string, error) {
	raw, err := os.ReadFile(t.tokenFile)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errToken, err)
	}
	token := strings.TrimSpace(string(raw))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errToken
	}
	return token, nil
}
