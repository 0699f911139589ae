package provider

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

const (
	maxLine    = 1 << 20
	maxContent = 16 << 20 // of the text of one stream
)

var (
	errLine  = errors.New("provider: a line of the stream is too long")
	errCut   = errors.New("provider: the stream ended before the answer did")
	errEvent = errors.New("provider: an event of the stream can't be read")
)

// Stream is an answer that arrives in pieces. Next and Result belong to one goroutine; Close may be called from any.
type Stream struct {
	c      *Client
	e      *endpoint
	ctx    context.Context
	cancel context.CancelFunc
	resp   *http.Response
	key    string
	in     *bufio.Reader
	data   []byte // of the event being read

	content, reasoning strings.Builder
	result             ChatResult
	pending            string // of an answer that came whole
	err                error
}

// ChatStream makes one call and returns its answer as it arrives. The caller closes the stream.
func (c *Client) ChatStream(ctx context.Context, r ChatRequest) (*Stream, *Failure) {
	e, err := c.endpoint(r.Target)
	if err != nil {
		return nil, failed(Connection, 0, err)
	}
	ctx, cancel := deadline(ctx)
	key := r.Key.Reveal()
	resp, f := c.send(ctx, e, e.chat, key, chatBody(e.provider, &r, true), true)
	if f == nil && resp.StatusCode != http.StatusOK {
		f = c.refused(e, resp, key)
	}
	if f != nil {
		cancel()
		return nil, f
	}
	s := &Stream{c: c, e: e, ctx: ctx, cancel: cancel, resp: resp, key: key, result: ChatResult{Rate: rate(resp.Header)}}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if f := s.whole(); f != nil {
			s.Close()
			return nil, f
		}
		return s, nil
	}
	s.in = bufio.NewReaderSize(resp.Body, 8<<10)
	return s, nil
}

// whole takes an answer that came in one piece though a stream was asked for.
func (s *Stream) whole() *Failure {
	body, err := readBody(s.resp.Body, s.resp.ContentLength, nil)
	if err != nil {
		return s.c.broken(s.ctx, s.e, s.resp.StatusCode, err)
	}
	r, f := s.c.chatAnswer(s.e, s.resp.Header, body, s.key)
	if f != nil {
		return f
	}
	s.pending, s.result = r.Content, *r
	s.result.Content, s.result.Reasoning = "", ""
	s.reasoning.WriteString(r.Reasoning)
	return nil
}

// Next returns the next piece of text, which is never empty. At the end it returns io.EOF; where the stream broke off, or
// the provider reported an error in it, a *Failure. What came before stands in Result.
func (s *Stream) Next() (string, error) {
	for s.err == nil {
		if s.pending != "" {
			piece := s.pending
			s.pending = ""
			s.content.WriteString(piece)
			return piece, nil
		}
		if s.in == nil {
			s.err = io.EOF
			break
		}
		data, err := s.event()
		switch {
		case err == io.EOF && s.result.FinishReason != "": // some never say [DONE]
			s.err = io.EOF
		case err == io.EOF:
			s.err = s.c.broken(s.ctx, s.e, http.StatusOK, errCut)
		case err != nil:
			s.err = s.c.broken(s.ctx, s.e, http.StatusOK, err)
		case string(data) == "[DONE]":
			s.err = io.EOF
			s.drain()
		default:
			if f := s.chunk(data); f != nil {
				s.err = f
			}
		}
	}
	return "", s.err
}

// chunk takes one event.
func (s *Stream) chunk(data []byte) *Failure {
	if !readable(data) {
		return s.c.note(s.e, failed(Unreadable, http.StatusOK, errEvent))
	}
	root := gjson.ParseBytes(data)
	if e, ok := readError(data); ok && root.Get("error").Exists() {
		return s.c.note(s.e, inBody(s.e.provider, s.resp.Header, e, s.key, s.c.clock))
	}
	choice := root.Get("choices.0")
	var thought string
	s.pending, thought = contentOf(choice.Get("delta"))
	s.reasoning.WriteString(thought)
	if v := text(choice.Get("finish_reason")); v != "" {
		s.result.FinishReason = v
	}
	if s.result.Model == "" {
		s.result.Model = text(root.Get("model"))
	}
	// The last event has it; Moonshot says it in the choice, Groq once did in a field of its own. Reports are totals.
	if u := first(root.Get("usage"), choice.Get("usage"), root.Get("x_groq.usage")); u.Exists() {
		s.result.Usage = readUsage(u)
	}
	if s.content.Len()+s.reasoning.Len()+len(s.pending) > maxContent {
		return s.c.note(s.e, failed(Unreadable, http.StatusOK, errTooLarge))
	}
	return nil
}

// event returns the data of the next event that has any. Comments and other fields are skipped.
func (s *Stream) event() ([]byte, error) {
	s.data = s.data[:0]
	some := false
	for {
		line, err := s.line()
		if err != nil {
			if err == io.EOF && some {
				return s.data, nil // the last event may lack its empty line
			}
			return nil, err
		}
		switch {
		case len(line) == 0:
			if some && len(s.data) > 0 {
				return s.data, nil
			}
			some = false
		case bytes.HasPrefix(line, []byte("data:")):
			if some {
				s.data = append(s.data, '\n')
			}
			some = true
			s.data = append(s.data, bytes.TrimPrefix(line[len("data:"):], []byte(" "))...)
			if len(s.data) > maxLine {
				return nil, errLine
			}
		}
	}
}

// line returns the next line without its end, LF or CRLF.
func (s *Stream) line() ([]byte, error) {
	line, err := s.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		long := append([]byte(nil), line...)
		for err == bufio.ErrBufferFull {
			if len(long) > maxLine {
				return nil, errLine
			}
			line, err = s.in.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}

// drain reads what follows the last event, so that the connection can serve again; a provider that keeps it open is cut.
func (s *Stream) drain() {
	cut := time.AfterFunc(100*time.Millisecond, s.cancel)
	defer cut.Stop()
	_, _ = io.CopyN(io.Discard, s.in, 4<<10)
}

// Result returns what has arrived so far.
func (s *Stream) Result() *ChatResult {
	r := s.result
	r.Content, r.Reasoning = s.content.String(), s.reasoning.String()
	return &r
}

// Close ends the stream; the provider's work on it is cancelled at once where it is not done.
func (s *Stream) Close() {
	s.cancel()
	_ = s.resp.Body.Close()
}
