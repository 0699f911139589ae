package content

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

// TestRow46_CSVInjection: no cell that people wrote is a formula to the program that opens the file.
func TestRow46_CSVInjection(t *testing.T) {
	p := programtest.Serve(t)
	admin, tom := p.Admin(), p.Person("tom")
	memos := []string{`=HYPERLINK("https://evil.example","open")`, `+1+1`, `-2+3`, `@SUM(A1)`, `＝1+1`, `＠SUM(A1)`, `a plain memo`}
	for _, memo := range memos {
		admin.Must(`mutation($u: ID!, $m: String!) { grantCredits(userId: $u, amount: 1, memo: $m) { id } }`, vars{"u": tom.ID, "m": memo})
	}
	resp, body := tom.Fetch("GET", "/statement.csv")
	require.Equal(t, http.StatusOK, resp.StatusCode, body)
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, len(memos)+1)
	found := 0
	for _, row := range rows[1:] {
		for i, cell := range row {
			if amount := i == 3 || i == 4; !amount { // a number may be negative
				require.False(t, strings.ContainsAny(cell[:min(len(cell), 1)], "=+-@\t\r") || strings.HasPrefix(cell, "＝") || strings.HasPrefix(cell, "＠"),
					"a cell that a spreadsheet would run: %s", cell)
			}
			if strings.HasPrefix(cell, "'=HYPERLINK(") {
				found++
			}
		}
	}
	require.Equal(t, 1, found, "the cell starts '=")
	require.Equal(t, "attachment", strings.SplitN(resp.Header.Get("Content-Disposition"), ";", 2)[0])
}
