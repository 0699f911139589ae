package postgres

import (
	"os"
	"strconv"
	"strings"
)

const (
	leastBuffers = 128 << 10 // kB
	mostBuffers  = 8 << 20
)

// buffers returns how much memory Postgres keeps pages in: a fifth of the machine's, since the server runs there too. The
// pages that the ledger writes at random, those of its indexes by account, stay in memory up to tens of millions of rows.
func buffers() string {
	meminfo, _ := os.ReadFile("/proc/meminfo") // where there is none, the least serves
	var total int
	for line := range strings.Lines(string(meminfo)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			total, _ = strconv.Atoi(fields[1])
		}
	}
	return strconv.Itoa(min(max(total/5, leastBuffers), mostBuffers)) + "kB"
}
