package app

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/simulate"
)

const (
	mostRequests  = 10_000_000
	drawnRequests = 10_000 // where there is no trace and no limit
	drawnRate     = 5.0    // requests per second, where there is no trace and no rate
)

type simulateCommand struct {
	Trace    []string            `placeholder:"FILE" sep:"none" help:"Requests to replay: TIMESTAMP,ContextTokens,GeneratedTokens. May be repeated: they run side by side. Without, sizes are drawn as of real chats, and times at random."`
	Pool     string              `placeholder:"FILE" help:"The keys, as JSON. Without, a dozen varied ones that fit the requests."`
	Rate     float64             `placeholder:"X" help:"Requests per second on average. A trace is stretched or shrunk to it; without, it runs as it was recorded."`
	Limit    int                 `placeholder:"N" help:"Only the first so many requests. Without, all of a trace, or 10000 drawn ones."`
	Continue float64             `default:"0.7" placeholder:"P" help:"How likely a request goes on with a conversation that fits."`
	Seed     uint64              `default:"1" placeholder:"N" help:"The same seed gives the same result."`
	Strategy []simulate.Strategy `placeholder:"NAME" enum:"full,formula,round-robin,least-used" default:"full,formula,round-robin,least-used" help:"What to compare: full, formula, round-robin, least-used."`
	Format   simulate.Format     `default:"table" enum:"table,json,markdown" help:"table, json or markdown."`
}

// Validate is kong's.
func (c *simulateCommand) Validate() error {
	switch {
	case c.Rate != 0 && !(c.Rate >= 0.01 && c.Rate <= 1e6):
		return errors.New("--rate: between 0.01 and 1000000 requests per second")
	case c.Limit < 0 || c.Limit > mostRequests:
		return fmt.Errorf("--limit: between 1 and %d requests", mostRequests)
	case !(c.Continue >= 0 && c.Continue <= 1):
		return errors.New("--continue: a probability is between 0 and 1")
	}
	return nil
}

// Run simulates and prints.
func (c *simulateCommand) Run(e *environment) error {
	requests, err := c.requests()
	if err != nil {
		return err
	}
	pool, err := c.keys(requests)
	if err != nil {
		return err
	}
	var results []simulate.Result
	for _, s := range c.Strategy {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		r, err := simulate.Run(pool, requests, s, c.Seed)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	return simulate.Write(e.stdout, c.Format, results)
}

func (c *simulateCommand) requests() ([]simulate.Request, error) {
	if len(c.Trace) == 0 {
		n, rate := c.Limit, c.Rate
		if n == 0 {
			n = drawnRequests
		}
		if rate == 0 {
			rate = drawnRate
		}
		out := simulate.Poisson(n, rate, c.Seed, sandbox.Chat.Sizes)
		simulate.Converse(out, c.Continue, c.Seed)
		return out, nil
	}
	traces := make([][]simulate.Request, len(c.Trace))
	for i, name := range c.Trace {
		err := readFile("--trace", name, func(r io.Reader) (err error) {
			traces[i], err = simulate.ReadTrace(r)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	out := simulate.Merge(traces...)
	if c.Limit > 0 {
		out = out[:min(c.Limit, len(out))]
	}
	if c.Rate > 0 {
		simulate.Pace(out, c.Rate)
	}
	simulate.Converse(out, c.Continue, c.Seed)
	return out, nil
}

func (c *simulateCommand) keys(requests []simulate.Request) (pool simulate.Pool, err error) {
	if c.Pool == "" {
		pool, err = simulate.BuiltIn(requests)
		return pool, ofFlag("--trace", err)
	}
	err = readFile("--pool", c.Pool, func(r io.Reader) (err error) {
		pool, err = simulate.ReadPool(r)
		return err
	})
	return pool, err
}

// readFile reads a file that a flag names, and says of what is wrong with it which flag, file and place it was.
func readFile(flag, name string, read func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	defer func() { _ = f.Close() }()
	err = read(f)
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		var all []error
		for _, one := range many.Unwrap() {
			all = append(all, inFile(flag, name, one))
		}
		return errors.Join(all...)
	}
	return inFile(flag, name, err)
}

func inFile(flag, name string, err error) error {
	f, ok := fault.As(err)
	switch {
	case err == nil:
		return nil
	case ok && f.Field != "":
		return fmt.Errorf("%s %s: %s: %s", flag, name, f.Field, f.Message)
	case ok:
		return fmt.Errorf("%s %s: %s", flag, name, f.Message)
	}
	return fmt.Errorf("%s %s: %w", flag, name, err)
}
