// Command off proves that the tests of the threats can fail: it takes each control out of the program, and the test that
// goes by the control's row has to notice.
//
//	go run ./server/dbtest/withdb -- go run ./server/threats/off [-row N] [-group G]
//	go run ./server/threats/off -list
//
// The tables, one file to a group, say what to replace in which source to be without a control. The sources stay as they
// are: the go command gets the replaced ones by its -overlay flag, in GOFLAGS, so that the tests build their program with
// them too. A line per control says what its test said. A test that passes, a program that does not build and a
// replacement that does not fit end it with 1. -list writes the table of rows and tests that SECURITY.md has. Imports:
// nothing of ours.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// control is one row of the threats, 0 for what they do not name, and the program without its control.
type control struct {
	Row     int
	Test    string
	Package string // of the test, "" for ./server/threats/ and the group
	Edits   []edit
}

// edit replaces what is in a file exactly once.
type edit struct{ File, Old, New string }

// groups are the tables, by the folder of their tests.
var groups = map[string][]control{
	"graphql":   graphQL,
	"websocket": webSocket,
	"http":      overHTTP,
	"access":    slices.Concat(accessRights, signIns),
	"keys":      keys,
	"upstream":  upstream,
	"money":     moneyMoves,
	"content":   content,
	"signin":    signIn,
}

func main() {
	row := flag.Int("row", 0, "this row alone")
	group := flag.String("group", "", "this group alone")
	list := flag.Bool("list", false, "write the rows and their tests, and try nothing")
	flag.Parse()
	if *list {
		fmt.Print(listed())
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := run(ctx, *row, *group)
	if err != nil {
		fmt.Fprintln(os.Stderr, "off:", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

func run(ctx context.Context, row int, group string) (code int, err error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return 1, err
	}
	tried := 0
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		for _, c := range groups[name] {
			if row != 0 && row != c.Row || group != "" && group != name {
				continue
			}
			tried++
			if c.Package == "" {
				c.Package = outside + name
			}
			said, err := without(ctx, root, c)
			if err != nil {
				said, code = "ERROR: "+err.Error(), 1
			}
			fmt.Printf("%-3d %-36s %s\n", c.Row, c.Test, said)
			if ctx.Err() != nil {
				return 1, ctx.Err()
			}
		}
	}
	if tried == 0 {
		return 1, fmt.Errorf("no control is of row %d and group %q", row, group)
	}
	return code, nil
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	return filepath.Dir(strings.TrimSpace(string(out))), err
}
