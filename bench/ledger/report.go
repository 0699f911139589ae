package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what was spent up to a moment.
type usage struct {
	client, server time.Duration // CPU time of this process, of Postgres
	wal            int64         // bytes
	heap           uint64        // bytes in use after a collection
}

func (b *books) usage(ctx context.Context) (u usage, err error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return u, err
	}
	u.client = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	u.server = cpu(b.postmaster)
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	u.heap = m.HeapInuse
	err = b.db.QueryRowContext(ctx, `SELECT pg_current_wal_lsn() - '0/0'::pg_lsn`).Scan(&u.wal)
	return u, err
}

// cpu adds up the CPU time of a postmaster's processes. Sessions live as long as a measurement does.
func cpu(postmaster string) (sum time.Duration) {
	dirs, _ := os.ReadDir("/proc")
	for _, d := range dirs {
		if _, err := strconv.Atoi(d.Name()); err != nil {
			continue
		}
		raw, err := os.ReadFile("/proc/" + d.Name() + "/stat") //nolint:gosec // a process that may be gone
		if err != nil {
			continue
		}
		fields := strings.Fields(string(raw)[strings.LastIndexByte(string(raw), ')')+1:])
		if fields[1] != postmaster {
			continue
		}
		for _, f := range fields[11:13] {
			ticks, _ := strconv.ParseInt(f, 10, 64)
			sum += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return sum
}

func head() {
	fmt.Println("| accounts | rows before | writers | in flight | operations/s | p50 ms | p99 ms | feed p99 ms | CPU µs/op: client | Postgres | WAL bytes/op | heap MB |")
	fmt.Println("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
}

func row(b *books, writers, flight int, seconds time.Duration, took []time.Duration, before, after usage, late time.Duration) {
	n := len(took)
	at := func(p int) float64 { return float64(took[(n-1)*p/100].Microseconds()) / 1000 }
	per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(n) }
	fmt.Printf("| %d | %d | %d | %d | %.0f | %.2f | %.2f | %.0f | %.0f | %.0f | %d | %d |\n", b.accounts, b.rows, writers, flight,
		float64(n)/seconds.Seconds(), at(50), at(99), float64(late.Milliseconds()), per(after.client-before.client), per(after.server-before.server),
		(after.wal-before.wal)/int64(n), after.heap>>20)
}
