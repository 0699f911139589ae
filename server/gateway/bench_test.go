package gateway_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The gateway, the ledger's group commit and a provider on the same machine, in one process.
func BenchmarkComplete(b *testing.B) {
	for _, c := range []struct {
		name     string
		parallel int
	}{{"one at a time", 0}, {"64 at once", 32}} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b)
			w.key(first, "100000", false)
			tom := w.consumer("100000")
			in := capped(ask("gpt-4"), 16)
			b.ReportAllocs()
			if c.parallel == 0 {
				for b.Loop() {
					w.complete(tom, in, false)
				}
				return
			}
			b.SetParallelism(c.parallel)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, err := w.gw.Complete(b.Context(), tom, in)
					require.NoError(b, err)
				}
			})
		})
	}
}
