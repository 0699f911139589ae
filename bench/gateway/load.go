package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/money"
)

const (
	turn     = time.Second      // of one case, before the next has its turn
	warmUp   = time.Second      // of each case at each number of connections
	patience = 30 * time.Second // with one answer
)

// client is a connection with one request at a time. It writes bytes that were made once, and has no goroutine of its own:
// the load shares the machine with what it measures.
type client struct {
	w       *world
	route   *route
	conn    net.Conn
	in      *bufio.Reader
	request []byte
	body    []byte
	first   string // the text of the first answer

	took    tally
	sent    time.Time // when the request was
	content time.Time // when the first words of a stream were there
}

// tally is what was measured.
type tally struct {
	total, content []time.Duration // content: to the first words of a stream
	charged        money.Credits
}

func (t *tally) add(more tally) {
	t.total, t.content = append(t.total, more.total...), append(t.content, more.content...)
	t.charged += more.charged
}

func (w *world) dial(ctx context.Context, r *route, consumer int) (*client, error) {
	address := w.upstreamAt
	if r.pooled {
		address = w.poolAt
	}
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{w: w, route: r, conn: conn, in: bufio.NewReader(conn), request: w.request(r, consumer)}, nil
}

// send sends the request and returns the answer once its header is there.
func (c *client) send() (*http.Response, error) {
	c.sent, c.content, c.body = clock.System.Now(), time.Time{}, c.body[:0]
	if _, err := c.conn.Write(c.request); err != nil {
		return nil, err
	}
	return http.ReadResponse(c.in, nil)
}

// receive reads an answer to its end, checks it and counts it.
func (c *client) receive(r *http.Response) error {
	for {
		if len(c.body) == cap(c.body) {
			c.body = append(c.body, 0)[:len(c.body)]
		}
		n, err := r.Body.Read(c.body[len(c.body):cap(c.body)])
		c.body = c.body[:len(c.body)+n]
		if c.route.streamed && c.content.IsZero() && hasContent(c.body) {
			c.content = clock.System.Now()
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	ended := clock.System.Now()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.500s", r.Status, c.body)
	}
	a, err := c.route.read(r, c.body)
	var charged money.Credits
	if err == nil {
		charged, err = a.check(c.w, c.route.pooled, &c.first)
	}
	if err != nil {
		return fmt.Errorf("%w: %.2000s", err, c.body)
	}
	c.took.total = append(c.took.total, ended.Sub(c.sent))
	if c.route.streamed {
		c.took.content = append(c.took.content, c.content.Sub(c.sent))
	}
	c.took.charged += charged
	return nil
}

func (c *client) ask() error {
	r, err := c.send()
	if err != nil {
		return err
	}
	defer r.Body.Close()
	return c.receive(r)
}

// crew is the connections of a case.
type crew struct {
	route   *route
	clients []*client
	took    tally
	elapsed time.Duration
	cpu     spent
}

func (w *world) crew(ctx context.Context, r *route, connections int) (*crew, error) {
	c := &crew{route: r}
	for i := range connections {
		one, err := w.dial(ctx, r, i)
		if err != nil {
			c.close()
			return nil, err
		}
		c.clients = append(c.clients, one)
	}
	return c, nil
}

func (c *crew) close() {
	for _, one := range c.clients {
		_ = one.conn.Close()
	}
}

// work keeps all connections busy for so long, and returns what was measured. The books count it too.
func (c *crew) work(ctx context.Context, w *world, d time.Duration) (tally, time.Duration, error) {
	load, ctx := errgroup.WithContext(ctx)
	began := clock.System.Now()
	until := began.Add(d)
	for _, one := range c.clients {
		load.Go(func() error {
			if err := one.conn.SetDeadline(until.Add(patience)); err != nil {
				return err
			}
			for clock.System.Now().Before(until) && ctx.Err() == nil {
				if err := one.ask(); err != nil {
					return fmt.Errorf("%s: %w", c.route.name, err)
				}
			}
			return ctx.Err()
		})
	}
	err := load.Wait()
	elapsed := clock.System.Now().Sub(began)
	var all tally
	for _, one := range c.clients {
		all.add(one.took)
		one.took = tally{total: one.took.total[:0], content: one.took.content[:0]}
	}
	w.count(c.route, all)
	return all, elapsed, err
}

// count keeps account of what was answered.
func (w *world) count(r *route, t tally) {
	if !r.pooled {
		w.bare += int64(len(t.total))
		return
	}
	w.pooled += int64(len(t.total))
	w.charged += t.charged
}

// measure has the cases take turns.
func (w *world) measure(ctx context.Context, cases []*route, connections int, each time.Duration) ([]row, error) {
	var crews []*crew
	for _, r := range cases {
		c, err := w.crew(ctx, r, connections)
		if err != nil {
			return nil, err
		}
		defer c.close()
		crews = append(crews, c)
		if _, _, err := c.work(ctx, w, warmUp); err != nil {
			return nil, err
		}
	}
	turns := max(1, int(each/turn))
	for range turns {
		for _, c := range crews {
			before := w.spent()
			took, elapsed, err := c.work(ctx, w, each/time.Duration(turns))
			if err != nil {
				return nil, err
			}
			c.cpu = c.cpu.plus(w.spent().minus(before))
			c.took.add(took)
			c.elapsed += elapsed
		}
	}
	return rows(connections, crews), nil
}
