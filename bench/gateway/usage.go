package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// spent is CPU time up to a moment, by process.
type spent struct{ load, upstream, pool, postgres time.Duration }

func (s spent) plus(o spent) spent {
	return spent{s.load + o.load, s.upstream + o.upstream, s.pool + o.pool, s.postgres + o.postgres}
}

func (s spent) minus(o spent) spent {
	return spent{s.load - o.load, s.upstream - o.upstream, s.pool - o.pool, s.postgres - o.postgres}
}

// spent reads what was spent so far.
func (w *world) spent() (s spent) {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // of oneself: can't fail
	s.load = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // a process that is gone
		}
		process := filepath.Base(filepath.Dir(path))
		fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
		switch {
		case process == strconv.Itoa(w.upstream.cmd.Process.Pid):
			s.upstream = ticks(fields[11:13])
		case process == strconv.Itoa(w.pool.cmd.Process.Pid):
			s.pool = ticks(fields[11:13])
		case process == w.postmaster: // with its children that have ended
			s.postgres += ticks(fields[11:15])
		case fields[1] == w.postmaster:
			s.postgres += ticks(fields[11:13])
		}
	}
	return s
}

// ticks adds up times of a line of /proc/…/stat.
func ticks(fields []string) (sum time.Duration) {
	for _, f := range fields {
		n, _ := strconv.ParseInt(f, 10, 64)
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum
}

// vitals are what the program says of itself.
type vitals struct {
	RSS        float64 `json:"rss_mb"`   // as it runs
	Heap       float64 `json:"heap_mb"`  // that lives after a collection
	Stacks     float64 `json:"stack_mb"` // of goroutines
	Goroutines float64 `json:"goroutines"`
	Files      float64 `json:"open_files"`
}

// settleTime is how long after the last request the program may be busy with what comes behind it.
const settleTime = 500 * time.Millisecond

// vitals asks the program: once as it runs, and once after a collection, for what it really keeps.
func (w *world) vitals(ctx context.Context) (v vitals, err error) {
	time.Sleep(settleTime)
	running, err := w.metrics(ctx)
	if err != nil {
		return v, err
	}
	if _, err := get(ctx, "http://"+w.ops+"/debug/pprof/heap?gc=1"); err != nil {
		return v, err
	}
	collected, err := w.metrics(ctx)
	if err != nil {
		return v, err
	}
	const mb = 1 << 20
	return vitals{
		RSS: running["process_resident_memory_bytes"] / mb, Heap: collected["go_memstats_heap_alloc_bytes"] / mb,
		Stacks: running["go_memstats_stack_inuse_bytes"] / mb, Goroutines: running["go_goroutines"], Files: running["process_open_fds"],
	}, nil
}

func (w *world) metrics(ctx context.Context) (map[string]float64, error) {
	raw, err := get(ctx, "http://"+w.ops+"/metrics")
	if err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for line := range strings.Lines(string(raw)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseFloat(value, 64); ok && err == nil {
			out[name] = n
		}
	}
	return out, nil
}

// heap writes what lives in the program.
func (w *world) heap(ctx context.Context, file string) error {
	if file == "" {
		return nil
	}
	raw, err := get(ctx, "http://"+w.ops+"/debug/pprof/heap?gc=1")
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o600)
}

const (
	profiled     = 64 // connections
	profiledFor  = 10 * time.Second
	profileRoute = "v1"
)

// profile writes a profile that the program makes of itself under load, and tells how many requests a second that was.
func (w *world) profile(ctx context.Context, kind, file string) error {
	c, err := w.crew(ctx, named(profileRoute), profiled)
	if err != nil {
		return err
	}
	defer c.close()
	if _, _, err := c.work(ctx, w, warmUp); err != nil {
		return err
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		took, elapsed, err := c.work(ctx, w, profiledFor+warmUp)
		if err == nil {
			say("%s: %.0f requests/s", file, float64(len(took.total))/elapsed.Seconds())
		}
		return err
	})
	both.Go(func() error {
		raw, err := get(ctx, fmt.Sprintf("http://%s/debug/pprof/%s?seconds=%.0f", w.ops, kind, profiledFor.Seconds()))
		if err != nil {
			return err
		}
		return os.WriteFile(file, raw, 0o600)
	})
	return both.Wait()
}
