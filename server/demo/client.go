package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"
)

// client is one person at the public API.
type client struct {
	url  string
	http *http.Client
	id   string
}

// refusal is the first error of an answer.
type refusal struct{ Code, Message string }

func (r *refusal) Error() string { return r.Code + ": " + r.Message }

func newClient(url string) (*client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &client{url: url, http: &http.Client{Jar: jar, Timeout: 2 * time.Minute}}, nil
}

type vars = map[string]any

// do sends a document and decodes its data into out, which may be nil.
func (c *client) do(ctx context.Context, query string, v vars, out any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return err
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("%s: %w", resp.Status, err)
	}
	if len(answer.Errors) > 0 {
		return &refusal{Code: answer.Errors[0].Extensions.Code, Message: answer.Errors[0].Message}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}
