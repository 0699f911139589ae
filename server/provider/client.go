package provider

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
)

const (
	maxBody    = 16 << 20         // of an answer; the longest real ones are a few MB
	maxVector  = 64 << 10         // of an answer for each text that is embedded: three thousand numbers, written out
	maxVectors = 160 << 20        // of an answer with embeddings
	maxError   = 64 << 10         // of an answer that is an error
	maxHeaders = 256 << 10        // of all headers of an answer
	maxCall    = 15 * time.Minute // of a call whose context has no deadline
)

// Options configure a Client.
type Options struct {
	// URLs says where providers are reached instead of at their own addresses: {"openai": "http://127.0.0.1:9999/v1"}.
	// It is the operator's word, so that plain http and private addresses are allowed for these and for nothing else.
	URLs      map[string]string
	Transport http.RoundTripper // for all calls; nil: connections of our own, with every address checked
	Resolver  *net.Resolver     // of the names that they go to; nil: the system's
	Clock     clock.Clock       // nil: clock.System
	Log       *slog.Logger      // nil: no log
}

// Client calls providers. It is safe for concurrent use.
type Client struct {
	urls   map[string]string
	public http.RoundTripper // checks every address
	open   http.RoundTripper // for Options.URLs
	clock  clock.Clock
	log    *slog.Logger

	mu        sync.RWMutex
	endpoints map[Target]*endpoint
}

// endpoint is where the calls of a target go.
type endpoint struct {
	provider  *Provider
	base      *url.URL
	chat      *url.URL
	transport http.RoundTripper
}

// New returns a client. It returns an error that names the provider where an address of Options.URLs is unusable.
func New(o Options) (*Client, error) {
	c := &Client{urls: map[string]string{}, clock: o.Clock, log: o.Log, public: o.Transport, open: o.Transport, endpoints: map[Target]*endpoint{}}
	if c.clock == nil {
		c.clock = clock.System
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if o.Transport == nil {
		c.public, c.open = transport(true, o.Resolver), transport(false, o.Resolver)
	}
	for key, raw := range o.URLs {
		if _, ok := Lookup(key); !ok {
			return nil, fmt.Errorf("provider: there is no provider %q", key)
		}
		u, err := url.Parse(raw)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("provider: the address of %s must be an http:// or https:// URL without credentials and query", key)
		}
		c.urls[key] = strings.TrimRight(raw, "/")
	}
	return c, nil
}

func transport(checked bool, names *net.Resolver) *http.Transport {
	d := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Resolver: names}
	if checked {
		d.Control = publicOnly
	}
	return &http.Transport{
		Proxy:                  nil, // a proxy of the environment would see the keys, and would resolve names itself
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConns:           4096,
		MaxIdleConnsPerHost:    1024,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: maxHeaders,
		DisableCompression:     true, // nothing that unfolds, and no delay of a stream in a decompressor
		ReadBufferSize:         8 << 10,
		WriteBufferSize:        8 << 10,
	}
}

// Close drops idle connections.
func (c *Client) Close() {
	for _, t := range []http.RoundTripper{c.public, c.open} {
		if t, ok := t.(interface{ CloseIdleConnections() }); ok {
			t.CloseIdleConnections()
		}
	}
}

// endpoint returns where t is called. It returns a BadUserInput for a provider that is not in the table and for an address
// that is not allowed.
func (c *Client) endpoint(t Target) (*endpoint, error) {
	c.mu.RLock()
	e := c.endpoints[t]
	c.mu.RUnlock()
	if e != nil {
		return e, nil
	}
	p, ok := Lookup(t.Provider)
	if !ok {
		return nil, fault.Invalid("provider", "there is no such provider")
	}
	if t.BaseURL != "" && !p.CustomBaseURL {
		return nil, fault.Invalid("baseUrl", "this provider has an address of its own")
	}
	base, over := c.urls[t.Provider]
	e = &endpoint{provider: &p, transport: c.open}
	if !over {
		e.transport, base = c.public, p.BaseURL
		if p.CustomBaseURL {
			var err error
			if base, err = p.Address(t.BaseURL); err != nil {
				return nil, err
			}
		}
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, fault.Invalid("baseUrl", "the address can't be read")
	}
	if u.Path == "" {
		u.Path = "/" // or what is joined to it would not begin with a slash
	}
	e.base, e.chat = u, u.JoinPath("chat", "completions")
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.endpoints) > 10_000 {
		clear(c.endpoints)
	}
	c.endpoints[t] = e
	return e, nil
}

// usable reports whether key can stand in a header at all; the transport's error for one that can't is not ours to log.
func usable(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] >= 0x7f {
			return false
		}
	}
	return key != "" && len(key) <= 4096
}

var (
	acceptJSON   = []string{"application/json"}
	acceptStream = []string{"text/event-stream"}
	userAgent    = []string{"ResourcePool/1"}
)

// send makes one request and returns its response whatever the status. It never follows a redirect.
// r is what the body was made of, nil for a call of our own.
func (c *Client) send(ctx context.Context, e *endpoint, to *url.URL, key string, body []byte, r *Request) (*http.Response, *Failure) {
	if !usable(key) {
		return nil, failed(Dead, 0, nil)
	}
	h := http.Header{"Accept": acceptJSON, "User-Agent": userAgent}
	e.provider.authorize(h, key)
	if r != nil && r.Stream {
		h["Accept"] = acceptStream
	}
	if r != nil && r.Kind == KindMessages && e.provider.dialect == anthropicDialect {
		if r.Beta != "" {
			h["Anthropic-Beta"] = []string{r.Beta}
		}
		if r.Version != "" {
			h["Anthropic-Version"] = []string{r.Version}
		}
	}
	req := (&http.Request{Method: http.MethodGet, URL: to, Host: to.Host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if body != nil {
		h["Content-Type"] = acceptJSON
		req.Method, req.ContentLength = http.MethodPost, int64(len(body))
		req.Body = io.NopCloser(bytes.NewReader(body))
		// Used by the transport only where the server can't have seen the request.
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	resp, err := e.transport.RoundTrip(req)
	if err != nil {
		return nil, c.lost(ctx, e, err)
	}
	return resp, nil
}

// lost classifies an error before a response header.
func (c *Client) lost(ctx context.Context, e *endpoint, err error) *Failure {
	class := Connection
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		class = Canceled
	case ctx.Err() != nil:
		class = Timeout
	case errors.As(err, &op) && op.Op == "dial": // nothing was sent
	case errors.As(err, &timeout) && timeout.Timeout() && !strings.Contains(err.Error(), "TLS handshake"):
		class = Timeout
	}
	return c.note(e, failed(class, 0, err))
}

// broken classifies an error while an answer was being read.
func (c *Client) broken(ctx context.Context, e *endpoint, status int, err error) *Failure {
	class := Unreadable
	switch {
	case errors.Is(err, errTooLarge):
		class = Overlong
	case errors.Is(context.Cause(ctx), errSilent):
		class = Timeout
	case errors.Is(ctx.Err(), context.Canceled):
		class = Canceled
	case ctx.Err() != nil:
		class = Timeout
	}
	return c.note(e, failed(class, status, err))
}

func (c *Client) note(e *endpoint, f *Failure) *Failure {
	if f.Class != Canceled {
		c.log.Debug("provider: call failed", "provider", e.provider.Key, "class", f.Class, "status", f.Status, "err", f.cause)
	}
	return f
}

// refused reads and classifies an answer that is no success, and closes it.
func (c *Client) refused(e *endpoint, resp *http.Response, key string) *Failure {
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxError)) // a cut error is judged by its status
	return c.note(e, classify(e.provider, resp.StatusCode, resp.Header, body, key, c.clock))
}

// deadline gives ctx the longest time of a call where it has none of its own.
func deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, maxCall)
}

var errTooLarge = errors.New("provider: the answer is too large")

// readBody reads at most most bytes into buf, growing it in steps that never reach beyond the limit.
func readBody(r io.Reader, size int64, buf []byte, most int) ([]byte, error) {
	if size > int64(most) {
		return buf, errTooLarge
	}
	if want := int(size) + 1; want > cap(buf) {
		buf = make([]byte, 0, want)
	}
	for {
		if len(buf) == cap(buf) {
			if len(buf) > most {
				return buf, errTooLarge
			}
			next := make([]byte, len(buf), min(max(2*cap(buf), 4<<10), most+1))
			copy(next, buf)
			buf = next
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case err == io.EOF:
			if len(buf) > most {
				return buf, errTooLarge
			}
			return buf, nil
		case err != nil:
			return buf, err
		}
	}
}
