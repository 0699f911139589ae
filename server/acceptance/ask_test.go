package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/programtest"
)

const completeStream = `subscription($i: CompleteInput!) { completionStream(input: $i) { text done payload {
	completion { id model content finishReason promptTokens completionTokens totalTokens } creditsCharged
	usage { id status creditsCharged attempts errorCode } wallet { available held } } } }`

// mode is how a completion is asked for.
type mode string

const (
	whole    mode = "Whole"
	streamed mode = "Streamed"
)

func (m mode) other() mode {
	if m == whole {
		return streamed
	}
	return whole
}

// completionReply is what a consumer has of a request: all the text it got, and the payload where it came to that.
type completionReply struct {
	text    string
	payload gjson.Result
	err     error
}

var errStreamEnded = errors.New("the stream ended without its last piece")

// request asks for a completion, whole or streamed.
func request(c *client, m mode, in vars) completionReply {
	if m == streamed {
		return stream(c, in, func(string) {})
	}
	data, err := c.Do(programtest.Complete, in)
	return completionReply{text: data.Get("complete.completion.content").String(), payload: data.Get("complete"), err: err}
}

// stream asks for a streamed completion and tells each piece of text.
func stream(c *client, in vars, piece func(string)) (r completionReply) {
	s, err := c.Dial()
	if err != nil {
		return completionReply{err: err}
	}
	defer s.Close()
	if err := s.Conn.WriteJSON(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": completeStream, "variables": in}}); err != nil {
		return completionReply{err: err}
	}
	for {
		m, err := s.Read(c.HTTP.Timeout)
		if err != nil {
			r.err = err
			return r
		}
		switch m.Get("type").String() {
		case "error":
			r.err = programtest.GraphErrorOf(m.Get("payload.0"))
			return r
		case "complete":
			r.err = errStreamEnded
			return r
		}
		if e := m.Get("payload.errors.0"); e.Exists() {
			r.err = programtest.GraphErrorOf(e)
			return r
		}
		chunk := m.Get("payload.data.completionStream")
		if text := chunk.Get("text").String(); text != "" {
			r.text += text
			piece(r.text)
		}
		if chunk.Get("done").Bool() {
			r.payload = chunk.Get("payload")
			return r
		}
	}
}

// unread sends a document and calls arrived when the first byte of the reply is there, of which it reads no more.
func unread(c *client, query string, v vars, arrived func()) completionReply {
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	if err != nil {
		return completionReply{err: err}
	}
	req, err := http.NewRequest(http.MethodPost, c.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return completionReply{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	at, err := url.Parse(c.URL)
	if err != nil {
		return completionReply{err: err}
	}
	for _, cookie := range c.HTTP.Jar.Cookies(at) {
		req.AddCookie(cookie)
	}
	conn, err := net.DialTimeout("tcp", at.Host, 5*time.Second)
	if err != nil {
		return completionReply{err: err}
	}
	defer func() { _ = conn.Close() }()
	if err := req.Write(conn); err != nil {
		return completionReply{err: err}
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return completionReply{err: err}
	}
	arrived()
	return completionReply{payload: gjson.Result{}, err: errors.New("nobody read the reply")}
}
