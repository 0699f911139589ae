package programtest

import (
	"fmt"
	"os"
	"strings"

	"github.com/stretchr/testify/require"
)

// Memory is how many bytes of the program are resident, and the most that there were since ForgetPeak. Linux only.
func (p *Program) Memory() (now, peak int64) {
	p.T.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Cmd.Process.Pid))
	require.NoError(p.T, err)
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		to := map[string]*int64{"VmRSS": &now, "VmHWM": &peak}[name]
		if to != nil {
			_, err := fmt.Sscanf(value, "%d kB", to)
			require.NoError(p.T, err)
			*to <<= 10
		}
	}
	require.NotZero(p.T, now)
	require.NotZero(p.T, peak)
	return now, peak
}

// ForgetPeak lets the peak of Memory begin anew.
func (p *Program) ForgetPeak() {
	p.T.Helper()
	require.NoError(p.T, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.Cmd.Process.Pid), []byte("5"), 0o200))
}
