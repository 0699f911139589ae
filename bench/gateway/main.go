// Command gateway measures what the pool costs beside the bare upstream, in one run and on one machine: requests a second
// and how long they take at some numbers of connections, whole and streamed, and what open streams take in memory.
//
// The program, its Postgres (commits durable) and the sandbox that stands for the provider are processes of their own; the
// load is made in this one. Bare and pooled cases take turns of a second or so, so that whatever else the machine does
// meets all of them. Every answer is checked, and at the end the books: a wrong answer, a request that the upstream got
// twice, or a Credit too many ends the run with an error. The tables that it prints are what bench/README.md shows.
// Imports: the private Postgres, the database's migration, money and the clock.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	seconds     float64
	connections []int
	only        []*route
	streams     int
	json        bool
	prompt      int
	answer      int
	binary      string
	cpu, allocs string // files
	heap        string
}

func main() {
	debug.SetGCPercent(400) // the load is to be cheap
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, read()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func read() options {
	var o options
	flag.Float64Var(&o.seconds, "seconds", 5, "how long each case is measured, in turns with the others")
	connections := flag.String("connections", "1,64,256", "connections, each with one request at a time")
	only := flag.String("only", "", "some cases instead of all: "+strings.Join(names(), ","))
	flag.IntVar(&o.streams, "streams", 5000, "streams that are open at once while memory is measured; 0 leaves that out")
	flag.BoolVar(&o.json, "json", false, "print JSON instead of tables")
	flag.IntVar(&o.prompt, "prompt", 1000, "bytes of a prompt")
	flag.IntVar(&o.answer, "answer", 64, "tokens of an answer")
	flag.StringVar(&o.binary, "binary", "", "the program, where it is built already")
	flag.StringVar(&o.cpu, "cpuprofile", "", "write a CPU profile of the program to the file: 10 s of chat at 64 connections")
	flag.StringVar(&o.allocs, "allocprofile", "", "write what the program allocated in 10 s more of the same to the file")
	flag.StringVar(&o.heap, "heapprofile", "", "write what the program still has some time after the open streams to the file")
	flag.Parse()
	for text := range strings.SplitSeq(*connections, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			wrong(fmt.Sprintf("-connections: %q is not a number from 1 on", text))
		}
		o.connections = append(o.connections, n)
	}
	for _, r := range routes {
		if *only == "" || slices.Contains(strings.Split(*only, ","), r.name) {
			o.only = append(o.only, r)
		}
	}
	if *only != "" && len(o.only) != len(strings.Split(*only, ",")) {
		wrong("-only takes a list of " + strings.Join(names(), ","))
	}
	if o.seconds <= 0 || o.streams < 0 || o.prompt < 1 || o.answer < 1 || flag.NArg() > 0 {
		wrong("-seconds, -prompt and -answer must be above 0, -streams not below, and there are no arguments")
	}
	return o
}

func wrong(what string) {
	fmt.Fprintln(os.Stderr, "bench:", what)
	os.Exit(2)
}

// run starts everything, measures, compares the books with what was sent, and prints.
func run(ctx context.Context, o options) (err error) {
	if err := allow(uint64(3*max(o.streams, slices.Max(o.connections)) + 1000)); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gateway-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := start(ctx, dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	r := report{Conditions: w.conditions(dir)}
	if o.streams > 0 {
		say("opening %d streams", o.streams)
		if r.Memory, err = w.streams(ctx, o.streams); err != nil {
			return fmt.Errorf("open streams: %w", err)
		}
		if err := w.heap(ctx, o.heap); err != nil {
			return err
		}
	}
	for _, n := range o.connections {
		say("%d connections", n)
		rows, err := w.measure(ctx, o.only, n, time.Duration(o.seconds*float64(time.Second)))
		if err != nil {
			return fmt.Errorf("%d connections: %w", n, err)
		}
		r.Cases = append(r.Cases, rows...)
	}
	for _, p := range []struct{ kind, file string }{{"profile", o.cpu}, {"allocs", o.allocs}} {
		if p.file == "" {
			continue
		}
		if err := w.profile(ctx, p.kind, p.file); err != nil {
			return fmt.Errorf("%s: %w", p.kind, err)
		}
	}
	say("comparing the books")
	if r.Books, err = w.compare(ctx); err != nil {
		return fmt.Errorf("the books: %w", err)
	}
	if o.json {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(r)
	} else {
		r.print(os.Stdout)
	}
	if err == nil && r.Memory != nil && r.Memory.Kept != "" {
		err = errors.New(r.Memory.Kept)
	}
	return err
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// allow lets this process and those that it starts have so many files open.
func allow(files uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	want := syscall.Rlimit{Cur: max(limit.Cur, files), Max: max(limit.Max, files)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &want); err != nil {
		return fmt.Errorf("%d open files are needed and %d allowed: raise `ulimit -Hn`, or ask for less: %w", files, limit.Max, err)
	}
	return nil
}

// build returns the program, and builds it where none is named.
func build(ctx context.Context, dir string, o options) (string, error) {
	if o.binary != "" {
		return filepath.Abs(o.binary)
	}
	say("building the program")
	binary := filepath.Join(dir, "resourcepool")
	return binary, command(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "github.com/resourcepool/resourcepool/server").Run()
}
