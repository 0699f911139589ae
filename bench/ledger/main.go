// Command ledger measures the ledger on a Postgres of its own with durable commits: operations a second by what is in
// flight, by how many servers write, by how many accounts there are and by how many rows the books have already.
//
// An operation is a hold or a settlement, in turn, as a completion makes them. Everything runs on this machine: the
// servers, the feed with one reader, and Postgres with the settings of the program's private cluster. The table that it
// prints is what bench/README.md shows. Imports: the ledger, the feed, the private Postgres.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/postgres"
)

type options struct {
	dir      string
	accounts []int
	rows     []int
	writers  []int
	flights  []int
	warm     time.Duration
	seconds  time.Duration
	profile  string
	keep     bool
}

func main() {
	debug.SetGCPercent(400) // as the program does
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, read()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func read() options {
	var o options
	flag.StringVar(&o.dir, "dir", "", "where the databases go; by default a folder that is removed at the end")
	accounts := flag.String("accounts", "1000,1000000", "consumers with a wallet")
	rows := flag.String("rows", "0,10000000", "transactions that are there at the start, besides one grant for each consumer")
	writers := flag.String("writers", "1,3", "servers that write")
	flights := flag.String("flights", "1,64,1024", "operations in flight")
	flag.DurationVar(&o.seconds, "time", 10*time.Second, "how long each row of the table is measured")
	flag.DurationVar(&o.warm, "warm", 3*time.Second, "how long the load runs before that: after a start pages are read, and each is logged whole when it first changes")
	flag.StringVar(&o.profile, "profile", "", "write a CPU profile of this process to the file")
	flag.BoolVar(&o.keep, "keep", false, "keep the databases and the rows that were added, and use what is there")
	flag.Parse()
	o.accounts, o.rows = numbers("accounts", *accounts, 1), numbers("rows", *rows, 0)
	o.writers, o.flights = numbers("writers", *writers, 1), numbers("flights", *flights, 1)
	if o.seconds <= 0 || o.warm < 0 {
		wrong("-time must be above 0, -warm not below")
	}
	if o.keep && o.dir == "" {
		wrong("-keep needs a -dir to keep the databases in")
	}
	return o
}

// numbers reads a list of numbers that are not below least.
func numbers(flag, list string, least int) []int {
	var out []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < least {
			wrong(fmt.Sprintf("-%s: %q is not a number from %d on", flag, text, least))
		}
		out = append(out, n)
	}
	return out
}

func wrong(what string) {
	fmt.Fprintln(os.Stderr, "bench:", what)
	os.Exit(2)
}

// run measures each database in turn: one per number of accounts and of rows.
func run(ctx context.Context, o options) (err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "ledger-bench-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(o.dir) }()
	}
	stopProfile, err := profile(o.profile)
	if err != nil {
		return err
	}
	defer stopProfile()
	head()
	for _, rows := range o.rows {
		if rows > 0 { // one history is enough: those who are fewer are some of its consumers
			if err := one(ctx, o, slices.Max(o.accounts), rows, o.accounts); err != nil {
				return fmt.Errorf("%d rows: %w", rows, err)
			}
			continue
		}
		for _, accounts := range o.accounts {
			if err := one(ctx, o, accounts, rows, []int{accounts}); err != nil {
				return fmt.Errorf("%d accounts: %w", accounts, err)
			}
		}
	}
	return nil
}

// one measures on a database of so many consumers, with all of them and with fewer.
func one(ctx context.Context, o options, accounts, rows int, active []int) (err error) {
	dir := filepath.Join(o.dir, fmt.Sprintf("%d-%d", accounts, rows))
	cluster, err := postgres.Start(ctx, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() {
		if e := cluster.Stop(); err == nil {
			err = e
		}
		if !o.keep {
			_ = os.RemoveAll(dir)
		}
	}()
	if err := database.MigrateFor(ctx, cluster.OwnerURL(), cluster.URL()); err != nil {
		return err
	}
	pid, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid")) //nolint:gosec // of the cluster that was just started
	if err != nil {
		return err
	}
	b := &books{url: cluster.URL(), owner: cluster.OwnerURL(), postmaster: strings.SplitN(string(pid), "\n", 2)[0], accounts: accounts, rows: rows}
	if err := b.fill(ctx); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	for _, n := range active {
		for _, writers := range o.writers {
			for _, flight := range o.flights {
				if err := measure(ctx, b.some(n), writers, flight, o.warm, o.seconds); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
