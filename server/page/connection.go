package page

import (
	"context"
	"slices"
)

// Connection is a page of a list.
type Connection[T any] struct {
	Edges    []Edge[T]
	PageInfo PageInfo
	count    func(context.Context) (int, error)
}

// Edge is a row and its cursor.
type Edge[T any] struct {
	Node   T
	Cursor string
}

// PageInfo says what lies around a page. The cursors are null on an empty one.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// Nodes returns the rows without their cursors.
func (c Connection[T]) Nodes() []T {
	out := make([]T, len(c.Edges))
	for i, e := range c.Edges {
		out[i] = e.Node
	}
	return out
}

// TotalCount counts the whole list, when called.
func (c Connection[T]) TotalCount(ctx context.Context) (int, error) {
	if c.count == nil {
		return len(c.Edges), nil
	}
	return c.count(ctx)
}

// Map returns the same page with every node turned into another type.
func Map[T, U any](c Connection[T], f func(T) U) Connection[U] {
	out := Connection[U]{PageInfo: c.PageInfo, Edges: make([]Edge[U], len(c.Edges)), count: c.TotalCount}
	for i, e := range c.Edges {
		out.Edges[i] = Edge[U]{Node: f(e.Node), Cursor: e.Cursor}
	}
	return out
}

// source is what a page is cut from: an ent query or a SELECT.
type source[T any] struct {
	list  list
	key   func(T) string
	fetch func(ctx context.Context, conds []cond, backward bool, limit int) ([]T, error)
	null  func(ctx context.Context, c cursor) (isNull, found bool, err error) // of the order's value in the cursor's row
	count func(ctx context.Context) (int, error)
}

func (s source[T]) page(ctx context.Context, args Args) (Connection[T], error) {
	var none Connection[T]
	if err := args.Validate(); err != nil {
		return none, err
	}
	var inside, atOrBefore, atOrAfter []cond
	for _, at := range []struct {
		text    *string
		field   string
		side    side
		outside *[]cond
	}{{args.After, "after", after, &atOrBefore}, {args.Before, "before", before, &atOrAfter}} {
		if at.text == nil {
			continue
		}
		c, err := s.list.parse(at.field, *at.text)
		if err != nil {
			return none, err
		}
		null, found, err := s.null(ctx, c)
		if err != nil {
			return none, err
		}
		if !found {
			return none, foreign(at.field)
		}
		inside = append(inside, s.list.beyond(c, at.side, null, false))
		*at.outside = append(*at.outside, s.list.beyond(c, !at.side, null, true))
	}

	size, backward := args.size(), args.backward()
	rows, err := s.fetch(ctx, inside, backward, size+1)
	if err != nil {
		return none, err
	}
	more := len(rows) > size
	rows = rows[:min(len(rows), size)]
	if backward {
		slices.Reverse(rows)
	}

	out := Connection[T]{Edges: make([]Edge[T], len(rows)), count: s.count}
	for i, r := range rows {
		out.Edges[i] = Edge[T]{Node: r, Cursor: s.list.cursor(s.key(r))}
	}
	if n := len(rows); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	out.PageInfo.HasPreviousPage, err = s.any(ctx, more && backward, atOrBefore)
	if err != nil {
		return none, err
	}
	out.PageInfo.HasNextPage, err = s.any(ctx, more && !backward, atOrAfter)
	return out, err
}

// any reports whether known, or any row meets the conditions; without conditions there is nothing beyond.
func (s source[T]) any(ctx context.Context, known bool, conds []cond) (bool, error) {
	if known || len(conds) == 0 {
		return known, nil
	}
	rows, err := s.fetch(ctx, conds, false, 1)
	return len(rows) > 0, err
}
