// Package page turns queries into Relay connections: `first`/`after` and `last`/`before`, edges, exact hasNextPage and
// hasPreviousPage, totalCount only when it is asked for.
//
// A cursor holds the name of its list and order and the key of its row, never a value: where a page continues is found by
// a sub-select on that key, so that a cursor tells nothing and a row whose value changed is taken where it stands now. The
// row of a cursor must be one that the caller may see (the list's scope); whether the filter still takes it does not
// matter. Pages are at most 100 rows.
//
// Of serves ent's queries, Rows any SELECT. Orders are SQL of the program's own, never a client's text; it may not contain
// a question mark. Imports: fault, ent's SQL builder (store*.go only).
package page
