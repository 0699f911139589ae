package access

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// timing is how long something took each time, and how much work it was for the server: what else runs on the machine has a
// part in the former alone.
type timing struct {
	took []time.Duration
	work int64 // of the processor, in ticks
}

func (s *timing) take(p *program, do func()) {
	before, begun := work(p), time.Now()
	do()
	s.took = append(s.took, time.Since(begun))
	s.work += work(p) - before
}

func (s *timing) median() time.Duration { return s.quantile(0.5) }

func (s *timing) quantile(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(s.took))
	return sorted[int(q*float64(len(sorted)-1))]
}

// work is what the server has used of the processor.
func work(p *program) int64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Cmd.Process.Pid))
	require.NoError(p.T, err)
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may have spaces
	fields := strings.Fields(rest)
	user, err := strconv.ParseInt(fields[11], 10, 64)
	require.NoError(p.T, err)
	system, err := strconv.ParseInt(fields[12], 10, 64)
	require.NoError(p.T, err)
	return user + system
}
