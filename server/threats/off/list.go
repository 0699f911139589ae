package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// listed is the table of the rows and their tests, in Markdown.
func listed() string {
	type place struct{ folder, test string }
	rows := map[int][]place{}
	for group, controls := range groups {
		for _, c := range controls {
			p := place{strings.TrimPrefix(cmp.Or(c.Package, "server/threats/"+group), "./"), c.Test}
			if c.Row != 0 && !slices.Contains(rows[c.Row], p) {
				rows[c.Row] = append(rows[c.Row], p)
			}
		}
	}
	var b strings.Builder
	b.WriteString("| row | test | in |\n| --- | --- | --- |\n")
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		slices.SortFunc(rows[row], func(a, b place) int { return strings.Compare(a.test, b.test) })
		for _, p := range rows[row] {
			fmt.Fprintf(&b, "| %d | `%s` | %s |\n", row, p.test, p.folder)
		}
	}
	return b.String()
}
