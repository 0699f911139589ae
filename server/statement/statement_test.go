package statement

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// book is a statement of made up lines, in pages of 1000.
type book struct {
	lines int
	line  func(i int) ledger.StatementLine
	next  int
	err   error
}

func (b *book) Next(context.Context) ([]ledger.StatementLine, error) {
	if b.next > 1000 && b.err != nil {
		return nil, b.err
	}
	var out []ledger.StatementLine
	for ; b.next < b.lines && len(out) < 1000; b.next++ {
		out = append(out, b.line(b.next))
	}
	return out, nil
}

var noon = time.Date(2026, 1, 31, 12, 0, 0, 123456000, time.UTC)

func service(t *testing.T, b *book) *Service {
	t.Helper()
	policy, err := access.New()
	require.NoError(t, err)
	return New(Deps{
		Open:   func(context.Context, ids.ID, *time.Time, *time.Time) (Pages, error) { return b, nil },
		Policy: policy, Clock: clock.NewFake(noon),
	})
}

var tom = &access.Actor{ID: "usr_tom"}

func line(memo string) ledger.StatementLine {
	return ledger.StatementLine{WalletEntry: ledger.WalletEntry{Seq: 7, CreatedAt: noon, Kind: ledger.KindGrant, Amount: -1, BalanceAfter: 9_950_000_000, Memo: memo}}
}

func TestALineIsExactAndQuoted(t *testing.T) {
	for memo, cell := range map[string]string{
		"plain":               "plain",
		"":                    "",
		"给汤姆的积分":              "给汤姆的积分",
		`he said "a, b"`:      `"he said ""a, b"""`,
		"=HYPERLINK(\"x\")":   `"'=HYPERLINK(""x"")"`,
		"+1":                  "'+1",
		"-1":                  "'-1",
		"@SUM(A1)":            "'@SUM(A1)",
		"\t=1":                "'\t=1",
		"\r=1":                "\"'=1\"", // a carriage return inside a cell goes with the line's own
		"\n=1":                "\"'\r\n=1\"",
		"＝1":                  "'＝1",
		"two\nlines":          "\"two\r\nlines\"",
		"a=b":                 "a=b",
		"'already":            "'already",
		" leading space, too": `" leading space, too"`,
	} {
		l := line(memo)
		l.Usage, l.Model = "use_1", "=gpt"
		var out bytes.Buffer
		require.NoError(t, writeTo(t.Context(), &out, &book{lines: 1, line: func(int) ledger.StatementLine { return l }}))
		require.Equal(t, "time,transaction,kind,amount,balance,memo,request,model\r\n"+
			"2026-01-31T12:00:00.123456Z,7,GRANT,-0.000000001,9.95,"+cell+",use_1,'=gpt\r\n", out.String())
	}
}

func TestThePeriodIsReadOrTheParameterNamed(t *testing.T) {
	for query, name := range map[string]string{
		"":                               "statement-2026-01-31T120000Z.csv",
		"from=2026-01-01":                "statement-2026-01-01-to-2026-01-31T120000Z.csv",
		"from=2026-01-01&to=2026-02-01":  "statement-2026-01-01-to-2026-02-01.csv",
		"to=2026-02-01T08:00:00%2B08:00": "statement-2026-02-01.csv",
		"to=2026-02-01T08:00:00+08:00":   "statement-2026-02-01.csv",
		"from=2026-01-31T11:00:00.5Z&to=2026-01-31T11:00:01Z": "statement-2026-01-31T110000Z-to-2026-01-31T110001Z.csv",
	} {
		got, _, err := service(t, &book{}).Export(t.Context(), tom, query)
		require.NoError(t, err, query)
		require.Equal(t, name, got)
	}
	for query, field := range map[string]string{
		"from=": "from", "from=yesterday": "from", "to=2026-13-01": "to", "to=1767225600": "to", "from=2026-01-01&from=2026-01-02": "from", "form=2026-01-01": "form",
		"from=2026-01-02&to=2026-01-01": "to", "from=2026-01-01&to=2026-01-01": "to", "to=2026-01-01T00:00:00": "to", "from=%zz": "", "from=2026-01-01;to=2026-01-02": "",
	} {
		_, _, err := service(t, &book{}).Export(t.Context(), tom, query)
		f, ok := fault.As(err)
		require.True(t, ok, query)
		require.Equal(t, fault.BadUserInput, f.Code)
		require.Equal(t, field, f.Field, query)
	}
}

func TestWhoMayExport(t *testing.T) {
	for name, c := range map[string]struct {
		actor *access.Actor
		code  fault.Code
	}{
		"SignedOut": {nil, fault.Unauthenticated}, "Person": {tom, ""}, "Frozen": {&access.Actor{ID: "usr_tom", Frozen: true}, ""},
		"LimitedToken": {&access.Actor{ID: "usr_tom", TokenID: "tok_1", TokenLimited: true}, ""},
	} {
		_, _, err := service(t, &book{}).Export(t.Context(), c.actor, "")
		require.Equal(t, c.code, fault.CodeOf(err), name)
	}
}

func TestAMillionLinesTakeNoMemory(t *testing.T) {
	const lines = 1_000_000
	_, write, err := service(t, &book{lines: lines, line: func(i int) ledger.StatementLine {
		l := line("a memo that is as long as memos usually are")
		l.Seq = int64(i)
		return l
	}}).Export(t.Context(), tom, "")
	require.NoError(t, err)
	counter := &lineCounter{}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	counter.at(lines/2, func() { runtime.GC(); runtime.ReadMemStats(&after) })
	require.NoError(t, write(counter))
	require.Equal(t, lines+1, counter.lines)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(8<<20))
}

type lineCounter struct {
	lines, when int
	then        func()
}

func (c *lineCounter) at(n int, f func()) { c.when, c.then = n, f }

func (c *lineCounter) Write(p []byte) (int, error) {
	c.lines += bytes.Count(p, []byte("\n"))
	if c.then != nil && c.lines >= c.when {
		c.then()
		c.then = nil
	}
	return len(p), nil
}

func TestAnErrorMidwayIsAnError(t *testing.T) {
	gone := errors.New("gone")
	var out strings.Builder
	err := writeTo(t.Context(), &out, &book{lines: 5000, err: gone, line: func(int) ledger.StatementLine { return line("x") }})
	require.ErrorIs(t, err, gone)
	require.ErrorIs(t, writeTo(t.Context(), full{}, &book{lines: 5000, line: func(int) ledger.StatementLine { return line("x") }}), io.ErrShortWrite)
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, writeTo(t.Context(), &out, &book{lines: 2500, line: func(i int) ledger.StatementLine {
		l := line(strings.Repeat("\"=,\n", i%4))
		l.Seq, l.Amount = int64(i), money.Credits(i-1000)
		return l
	}}))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2501)
	require.Equal(t, "-0.000000999", rows[2][3])
}
