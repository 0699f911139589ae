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

	"github.com/resourcepool/resourcepool/server/dialect"
)

const (
	maxLine    = 1 << 20
	maxContent = 16 << 20 // of the text of one stream
	// maxSilence is how long a stream may say nothing, not even that it is alive. Models that think say nothing meanwhile.
	maxSilence = 5 * time.Minute
)

var errSilent = errors.New("provider: the stream says nothing any more")

var (
	errLine  = errors.New("provider: a line of the stream is too long")
	errCut   = errors.New("provider: the stream ended before the answer did")
	errEvent = errors.New("provider: an event of the stream can't be read")
)

// Stream is an answer that arrives in pieces. Next and Answer belong to one goroutine; Close may be called from any.
type Stream struct {
	*exchange
	in   *bufio.Reader
	name string // of the event being read
	data []byte

	meter    meter
	from, to dialect.Translator // nil where nothing is translated
	limits   *Limits
	pending  []Piece
	begun    anthropicUsage // what message_start tells
	idle     *time.Timer    // cuts a provider that says nothing any more
	size     int            // of the text so far
	err      error
}

// Stream makes one call and returns its answer as it arrives. The caller closes the stream.
func (c *Client) Stream(ctx context.Context, r *Request) (*Stream, *Failure) {
	x, f := c.begin(ctx, r)
	if f != nil {
		return nil, f
	}
	w := x.w
	s := &Stream{exchange: x, meter: meters[w.metered](r), limits: limitsOf(x.resp.Header, c.clock)}
	if w.in.stream != nil {
		s.from = w.in.stream()
	}
	if w.out.stream != nil {
		s.to = w.out.stream()
	}
	if strings.HasPrefix(x.resp.Header.Get("Content-Type"), "application/json") {
		if f := s.whole(); f != nil {
			s.Close()
			return nil, f
		}
		return s, nil
	}
	s.idle = time.AfterFunc(maxSilence, func() { x.give(errSilent) })
	s.in = bufio.NewReaderSize(x.resp.Body, 4<<10)
	return s, nil
}

// whole takes an answer that came in one piece though a stream was asked for. Only chat completions can be put as the one
// chunk of a stream.
func (s *Stream) whole() *Failure {
	body, err := readBody(s.resp.Body, s.resp.ContentLength, nil, maxBody)
	if err != nil {
		return s.c.broken(s.ctx, s.e, s.resp.StatusCode, err)
	}
	if !Readable(body) || !s.w.answers(body) || s.w.metered != KindChat || s.from != nil {
		if said, ok := readError(body); ok && Readable(body) {
			return s.said(said)
		}
		return s.c.note(s.e, failed(Unreadable, http.StatusOK, errNoAnswer))
	}
	s.metered("", chunkOf(body))
	s.err = io.EOF
	return s.finish()
}

// chunkOf puts a whole chat completion as a chunk.
func chunkOf(body []byte) []byte {
	b := append(make([]byte, 0, len(body)+32), '{')
	gjson.ParseBytes(body).ForEach(func(name, value gjson.Result) bool {
		switch name.Str {
		case "object":
			b = textMember(b, "object", "chat.completion.chunk")
		case "choices":
			b = append(member(b, "choices"), '[')
			value.ForEach(func(_, choice gjson.Result) bool {
				if b[len(b)-1] == '}' {
					b = append(b, ',')
				}
				b = append(b, '{')
				choice.ForEach(func(name, value gjson.Result) bool {
					as := name.Str
					if as == "message" {
						as = "delta"
					}
					b = rawMember(b, as, value.Raw)
					return true
				})
				b = append(b, '}')
				return true
			})
			b = append(b, ']')
		default:
			b = sameMember(b, name, value)
		}
		return true
	})
	return append(b, '}')
}

// Next returns the next piece. At the end it returns io.EOF; where the stream broke off, or the provider reported an error
// in it, a *Failure. What came before stands in Answer.
func (s *Stream) Next() (Piece, error) {
	for len(s.pending) == 0 {
		if s.err != nil {
			return Piece{}, s.err
		}
		s.read()
	}
	p := s.pending[0]
	s.pending = s.pending[1:]
	return p, nil
}

// read takes the next event of the provider.
func (s *Stream) read() {
	name, data, err := s.event()
	switch {
	case err == io.EOF && (s.w.wire.bare || s.meter.answer().Finish != ""): // some never say that it was the last
		s.end(false)
	case err == io.EOF:
		s.err = s.c.broken(s.ctx, s.e, http.StatusOK, errCut)
	case err != nil:
		s.err = s.c.broken(s.ctx, s.e, http.StatusOK, err)
	case string(data) == "[DONE]":
		s.end(true)
	default:
		if f := s.take(name, data); f != nil {
			s.err = f
		} else if s.w.wire.ends != nil && s.w.wire.ends(name, data) {
			s.end(true)
		}
	}
}

// end is what follows the last event. rest says that the connection may still bring something.
func (s *Stream) end(rest bool) {
	s.err = io.EOF
	if f := s.finish(); f != nil {
		s.err = f
	}
	if rest {
		s.drain()
	}
}

// finish lets the translators close what they made.
func (s *Stream) finish() *Failure {
	var err error
	if s.from != nil {
		err = s.from.End(s.metered)
	}
	if err == nil && s.to != nil {
		err = s.to.End(s.queue)
	}
	if err != nil {
		return s.c.note(s.e, failed(Unreadable, http.StatusOK, err))
	}
	return nil
}

// take takes one event.
func (s *Stream) take(name string, data []byte) *Failure {
	if !Readable(data) {
		return s.c.note(s.e, failed(Unreadable, http.StatusOK, errEvent))
	}
	if name == "" && s.w.wire.named {
		name = gjson.GetBytes(data, "type").Str
	}
	if said, ok := streamError(name, data); ok {
		return s.said(said)
	}
	if s.w.wire.tells && name == "message_start" {
		s.begun.take(gjson.GetBytes(data, "message.usage"))
	}
	if s.from == nil {
		s.metered(name, data)
	} else if err := s.from.Event(name, data, s.metered); err != nil {
		return s.c.note(s.e, failed(Unreadable, http.StatusOK, err))
	}
	if f, ok := s.err.(*Failure); ok { //nolint:errorlint // set by this package
		return f
	}
	if s.size > maxContent {
		return s.c.note(s.e, failed(Unreadable, http.StatusOK, errTooLarge))
	}
	return nil
}

// streamError reads the error that an event reports.
func streamError(name string, data []byte) (answerError, bool) {
	root := gjson.ParseBytes(data)
	if e, ok := failedWithin(root); ok {
		return e, true
	}
	switch {
	case name == "response.failed":
		e, _ := readError([]byte(root.Get("response").Raw)) // whatever it says, it failed
		return e, true
	case name == "error" && !root.Get("error").Exists(): // the Responses API
		return answerError{code: lower(root.Get("code")), message: root.Get("message").String()}, true
	case root.Get("error").Type == gjson.Null:
		return answerError{}, false
	}
	return readError(data)
}

// metered takes an event in the form in which it is metered.
func (s *Stream) metered(name string, data []byte) {
	p, ok := s.meter.event(name, data, s.to != nil)
	if !ok {
		return
	}
	s.size += len(p.Text) + len(p.Other)
	if s.to == nil {
		if s.from != nil { // one event may become several, of which each needs its own memory
			p.Data = bytes.Clone(p.Data)
		}
		s.pending = append(s.pending, p)
		return
	}
	if err := s.to.Event(p.Event, p.Data, s.queue); err != nil {
		s.err = s.c.note(s.e, failed(Unreadable, http.StatusOK, err))
	}
}

// queue keeps an event of the client's dialect until it is asked for. What it brings is read from itself: one event of the
// provider's may become several, and may wait until a later one.
func (s *Stream) queue(name string, data []byte) {
	p := Piece{Event: name, Data: bytes.Clone(data)}
	p.Text, p.Other = saidIn[s.r.Kind](name, gjson.ParseBytes(p.Data))
	s.pending = append(s.pending, p)
}

// event returns the next event that has data. Comments and other fields are skipped.
func (s *Stream) event() (name string, data []byte, err error) {
	s.data, s.name = s.data[:0], ""
	some := false
	for {
		line, err := s.line()
		s.idle.Reset(maxSilence)
		if err != nil {
			if err == io.EOF && some {
				return s.name, s.data, nil // the last event may lack its empty line
			}
			return "", nil, err
		}
		switch {
		case len(line) == 0:
			if some && len(s.data) > 0 {
				return s.name, s.data, nil
			}
			some, s.name = false, ""
		case bytes.HasPrefix(line, []byte("data:")):
			if some {
				s.data = append(s.data, '\n')
			}
			some = true
			s.data = append(s.data, bytes.TrimPrefix(line[len("data:"):], []byte(" "))...)
			if len(s.data) > maxLine {
				return "", nil, errLine
			}
		case s.w.wire.named && bytes.HasPrefix(line, []byte("event:")):
			s.name = string(bytes.TrimSpace(line[len("event:"):]))
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

// Close ends the stream; the provider's work on it is cancelled at once where it is not done.
func (s *Stream) Close() {
	if s.idle != nil {
		s.idle.Stop()
	}
	s.exchange.Close()
}

// Answer returns what has arrived so far.
func (s *Stream) Answer() *Answer {
	a := s.meter.answer()
	a.Limits, a.Begun = s.limits, s.begun.usage()
	return a
}
