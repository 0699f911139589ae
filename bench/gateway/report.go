package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
)

type report struct {
	Conditions conditions `json:"conditions"`
	Cases      []row      `json:"cases"`
	Memory     *memory    `json:"memory,omitempty"`
	Books      books      `json:"books"`
}

// conditions are what figures depend on.
type conditions struct {
	CPU      string  `json:"cpu"`
	Cores    int     `json:"cores"`
	Go       string  `json:"go"`
	Postgres string  `json:"postgres"`
	Durable  string  `json:"durable"` // fsync and synchronous_commit as Postgres has them
	Fsync    float64 `json:"fsync_ms"`
	Load     string  `json:"load"` // of the machine before
	Prompt   int     `json:"prompt_bytes"`
	Answer   int     `json:"answer_tokens"`
}

// row is one case at one number of connections. Times are milliseconds.
type row struct {
	Connections int     `json:"connections"`
	Case        string  `json:"case"`
	Requests    int     `json:"requests"`
	PerSecond   float64 `json:"requests_per_s"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	FirstP50    float64 `json:"first_content_p50_ms,omitempty"`
	FirstP99    float64 `json:"first_content_p99_ms,omitempty"`
	// CPU time of a request, microseconds.
	LoadCPU     float64 `json:"cpu_load_us"`
	UpstreamCPU float64 `json:"cpu_upstream_us"`
	PoolCPU     float64 `json:"cpu_pool_us"`
	PostgresCPU float64 `json:"cpu_postgres_us"`
}

func rows(connections int, crews []*crew) (out []row) {
	for _, c := range crews {
		n := len(c.took.total)
		per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(n) }
		out = append(out, row{
			Connections: connections, Case: c.route.name, Requests: n, PerSecond: float64(n) / c.elapsed.Seconds(),
			P50: percentile(c.took.total, 50), P99: percentile(c.took.total, 99),
			FirstP50: percentile(c.took.content, 50), FirstP99: percentile(c.took.content, 99),
			LoadCPU: per(c.cpu.load), UpstreamCPU: per(c.cpu.upstream), PoolCPU: per(c.cpu.pool), PostgresCPU: per(c.cpu.postgres),
		})
	}
	return out
}

// percentile is 0 where nothing was measured.
func percentile(took []time.Duration, p int) float64 {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return float64(took[(len(took)-1)*p/100].Microseconds()) / 1000
}

func (w *world) conditions(dir string) conditions {
	c := conditions{Cores: runtime.NumCPU(), Go: strings.TrimPrefix(runtime.Version(), "go"), Prompt: w.o.prompt, Answer: w.o.answer, Fsync: fsync(dir)}
	info, _ := os.ReadFile("/proc/cpuinfo") // where there is none, the table says nothing of it
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			c.CPU = strings.TrimSpace(value)
			break
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	c.Load, _, _ = strings.Cut(string(load), " ")
	db, err := database.Open(w.cluster.URL(), 1)
	if err != nil {
		return c
	}
	defer func() { _ = db.Close() }()
	_ = db.QueryRowContext(context.Background(), `SELECT split_part(current_setting('server_version'), ' ', 1),
		'fsync ' || current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit')`).Scan(&c.Postgres, &c.Durable)
	return c
}

// fsync returns how many milliseconds it takes to make a page durable where the databases are.
func fsync(dir string) float64 {
	f, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	took := make([]time.Duration, 200)
	for i := range took {
		began := clock.System.Now()
		if _, err := f.Write(make([]byte, 8<<10)); err != nil || f.Sync() != nil {
			return 0
		}
		took[i] = clock.System.Now().Sub(began)
	}
	return percentile(took, 50)
}

// print writes the tables of bench/README.md.
func (r *report) print(out io.Writer) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	c := r.Conditions
	p("%d cores (%s), load %s before, Go %s, Postgres %s (%s; an fsync of %.2f ms). Prompts of %d bytes, answers of %d tokens, %d consumers, %d keys.\n",
		c.Cores, c.CPU, c.Load, c.Go, c.Postgres, c.Durable, c.Fsync, c.Prompt, c.Answer, consumers, keys)
	if len(r.Cases) > 0 {
		p("| connections | case | requests/s | p50 ms | p99 ms | p50 over bare ms | first words p50 ms | p99 ms | CPU µs/request: load | upstream | pool | Postgres |")
		p("|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	}
	for _, row := range r.Cases {
		over, first, firstLate := "", "", ""
		if bare, ok := r.beside(row); ok {
			over = fmt.Sprintf("+%.2f", row.P50-bare.P50)
		}
		if named(row.Case).streamed {
			first, firstLate = fmt.Sprintf("%.2f", row.FirstP50), fmt.Sprintf("%.2f", row.FirstP99)
		}
		p("| %d | %s | %.0f | %.2f | %.2f | %s | %s | %s | %.0f | %.0f | %.0f | %.0f |", row.Connections, row.Case, row.PerSecond, row.P50, row.P99,
			over, first, firstLate, row.LoadCPU, row.UpstreamCPU, row.PoolCPU, row.PostgresCPU)
	}
	if m := r.Memory; m != nil {
		p("\n| the program | RSS MB | heap MB | stacks MB | goroutines | open files |\n|---|---:|---:|---:|---:|---:|")
		line := func(name string, v vitals) {
			p("| %s | %.0f | %.0f | %.0f | %.0f | %.0f |", name, v.RSS, v.Heap, v.Stacks, v.Goroutines, v.Files)
		}
		line("before", m.Before)
		line(fmt.Sprintf("%d open streams", m.Streams), m.Open)
		line(fmt.Sprintf("%.0f s after the last", m.Waited), m.After)
		each := func(open, before float64) float64 { return (open - before) * 1024 / float64(m.Streams) }
		p("\nA stream: %.0f KB of RSS, %.0f KB of heap, %.1f goroutines.", each(m.Open.RSS, m.Before.RSS), each(m.Open.Heap, m.Before.Heap),
			(m.Open.Goroutines-m.Before.Goroutines)/float64(m.Streams))
	}
	p("\nEvery answer was right. %d requests to the pool, %d usage logs and %s Credits in both; %d to the upstream alone; the upstream had no call besides.\nverify-ledger:\n%s",
		r.Books.Pooled, r.Books.Logs, r.Books.Charged, r.Books.Bare, r.Books.Verified)
}

// beside finds the bare case that a row of the pool stands beside.
func (r *report) beside(of row) (row, bool) {
	for _, other := range r.Cases {
		if other.Connections == of.Connections && !named(other.Case).pooled && named(of.Case).pooled && named(other.Case).streamed == named(of.Case).streamed {
			return other, true
		}
	}
	return row{}, false
}
