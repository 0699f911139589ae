package page_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/page"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// lister pages over res_00 … res_22; every third is PAUSED, expiry has ties and nulls. Odd ones are another owner's.
type lister func(ctx context.Context, args page.Args, o page.Order) (page.Connection[string], error)

const rows = 23

func setUp(t *testing.T) *sql.DB {
	t.Helper()
	db := dbtest.New(t)
	for _, owner := range []string{"usr_0", "usr_1"} {
		_, err := db.ExecContext(t.Context(), `INSERT INTO users (id, email, display_name, password_hash, created_at) VALUES ($1, $1, '', '', $2)`, owner, now)
		require.NoError(t, err)
	}
	for i := range rows {
		status, expires := "ACTIVE", any(now.Add(time.Duration(i*7%5)*time.Hour))
		if i%3 == 0 {
			status = "PAUSED"
		}
		if i%4 == 0 {
			expires = nil
		}
		_, err := db.ExecContext(t.Context(), `INSERT INTO pool_resources (id, owner_id, provider, label, masked_key, fingerprint, models,
			original_quota, quota_confirmed, status, expires_at, created_at) VALUES ($1, $2, 'openai', '', '', $3, '[]', $4, false, $5, $6, $7)`,
			fmt.Sprintf("res_%02d", i), fmt.Sprintf("usr_%d", i%2), []byte{byte(i)}, i*5%7, status, expires, now)
		require.NoError(t, err)
	}
	return db
}

var orders = []page.Order{
	{Name: "ID"}, {Name: "ID", Desc: true},
	{Name: "QUOTA", Expr: "original_quota"}, {Name: "QUOTA", Expr: "original_quota", Desc: true},
	{Name: "EXPIRES", Expr: "expires_at", NullsLast: true}, {Name: "EXPIRES", Expr: "expires_at", NullsLast: true, Desc: true},
	{Name: "HALF", Expr: "original_quota / 2 + 1"},
}

func viaEnt(db *sql.DB, filter ...func(*entsql.Selector)) lister {
	client := database.Ent(db)
	return func(ctx context.Context, args page.Args, o page.Order) (page.Connection[string], error) {
		q := client.PoolResource.Query().Where(poolresource.StatusEQ(poolresource.StatusACTIVE))
		c, err := page.Of(ctx, q, args, page.List[*ent.PoolResource]{
			DB: client, Table: poolresource.Table, Key: page.ID("id"), Order: o, Scope: filter,
			KeyOf: func(r *ent.PoolResource) string { return string(r.ID) },
		})
		return page.Map(c, func(r *ent.PoolResource) string { return string(r.ID) }), err
	}
}

func viaSelect(db *sql.DB, base string, args ...any) lister {
	return func(ctx context.Context, a page.Args, o page.Order) (page.Connection[string], error) {
		return page.Rows(ctx, a, page.Select[string]{
			DB: db, Name: "resources", Base: base, BaseArgs: args, Filter: "status = ? OR status = ?", FilterArgs: []any{"ACTIVE", "DEPLETED"},
			Key: page.ID("id"), KeyOf: func(s string) string { return s }, Order: o,
			Scan: func(r *sql.Rows) (id string, err error) {
				var ignored sql.RawBytes
				columns, err := r.Columns()
				if err != nil {
					return "", err
				}
				into := make([]any, len(columns))
				for i := range into {
					into[i] = &ignored
				}
				into[slices.Index(columns, "id")] = &id
				return id, r.Scan(into...)
			},
		})
	}
}

func eachLister(t *testing.T, db *sql.DB, f func(*testing.T, lister)) {
	t.Run("ent", func(t *testing.T) { f(t, viaEnt(db)) })
	t.Run("select", func(t *testing.T) { f(t, viaSelect(db, "SELECT * FROM pool_resources WHERE provider = ?", "openai")) })
}

func ptr[T any](v T) *T { return &v }

func TestWalkSeesEveryRowOnceInOrder(t *testing.T) {
	db := setUp(t)
	eachLister(t, db, func(t *testing.T, list lister) {
		for _, o := range orders {
			whole, err := list(t.Context(), page.Args{First: ptr(100)}, o)
			require.NoError(t, err)
			want := whole.Nodes()
			require.Equal(t, expected(t, db, o), want, "%+v", o)
			for _, size := range []int{1, 2, 5, 15, 16} {
				assert.Equal(t, want, forward(t, list, o, size), "%+v by %d", o, size)
				assert.Equal(t, want, backward(t, list, o, size), "%+v by %d from the end", o, size)
			}
		}
	})
}

func expected(t *testing.T, db *sql.DB, o page.Order) (out []string) {
	t.Helper()
	text, direction := "", " ASC"
	if o.Desc {
		direction = " DESC"
	}
	if o.Expr != "" {
		text = o.Expr + direction + " NULLS LAST, "
	}
	r, err := db.QueryContext(t.Context(), `SELECT id FROM pool_resources WHERE status = 'ACTIVE' ORDER BY `+text+`id`+direction)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	for r.Next() {
		var id string
		require.NoError(t, r.Scan(&id))
		out = append(out, id)
	}
	require.NoError(t, r.Err())
	return out
}

func forward(t *testing.T, list lister, o page.Order, size int) (out []string) {
	t.Helper()
	args := page.Args{First: &size}
	for {
		c, err := list(t.Context(), args, o)
		require.NoError(t, err)
		assert.Equal(t, args.After != nil, c.PageInfo.HasPreviousPage)
		require.Less(t, len(out), rows, "the walk goes round")
		out = append(out, c.Nodes()...)
		if !c.PageInfo.HasNextPage {
			return out
		}
		args.After = c.PageInfo.EndCursor
	}
}

func backward(t *testing.T, list lister, o page.Order, size int) (out []string) {
	t.Helper()
	args := page.Args{Last: &size}
	for {
		c, err := list(t.Context(), args, o)
		require.NoError(t, err)
		assert.Equal(t, args.Before != nil, c.PageInfo.HasNextPage)
		require.Less(t, len(out), rows, "the walk goes round")
		out = append(c.Nodes(), out...)
		if !c.PageInfo.HasPreviousPage {
			return out
		}
		args.Before = c.PageInfo.StartCursor
	}
}

func TestPageBetweenTwoCursors(t *testing.T) {
	eachLister(t, setUp(t), func(t *testing.T, list lister) {
		for _, o := range orders {
			all, err := list(t.Context(), page.Args{First: ptr(100)}, o)
			require.NoError(t, err)
			n := len(all.Edges)
			between := page.Args{After: &all.Edges[2].Cursor, Before: &all.Edges[n-3].Cursor}
			c, err := list(t.Context(), between, o)
			require.NoError(t, err)
			assert.Equal(t, all.Nodes()[3:n-3], c.Nodes())
			assert.True(t, c.PageInfo.HasNextPage)
			assert.True(t, c.PageInfo.HasPreviousPage)

			between.Last = ptr(2)
			c, err = list(t.Context(), between, o)
			require.NoError(t, err)
			assert.Equal(t, all.Nodes()[n-5:n-3], c.Nodes())
		}
	})
}

func TestEmptyPages(t *testing.T) {
	eachLister(t, setUp(t), func(t *testing.T, list lister) {
		c, err := list(t.Context(), page.Args{First: ptr(0)}, orders[0])
		require.NoError(t, err)
		assert.Empty(t, c.Edges)
		assert.NotNil(t, c.Edges)
		assert.Equal(t, page.PageInfo{HasNextPage: true}, c.PageInfo)

		all, err := list(t.Context(), page.Args{First: ptr(100)}, orders[0])
		require.NoError(t, err)
		c, err = list(t.Context(), page.Args{After: all.PageInfo.EndCursor}, orders[0])
		require.NoError(t, err)
		assert.Equal(t, page.PageInfo{HasPreviousPage: true}, c.PageInfo)
	})
}

func TestDefaultSizeAndTotalCount(t *testing.T) {
	db := setUp(t)
	eachLister(t, db, func(t *testing.T, list lister) {
		c, err := list(t.Context(), page.Args{First: ptr(3)}, orders[2])
		require.NoError(t, err)
		n, err := c.TotalCount(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 15, n)
	})
	c, err := viaSelect(db, "SELECT id, 'ACTIVE' AS status FROM pool_resources")(t.Context(), page.Args{}, orders[0])
	require.NoError(t, err)
	assert.Len(t, c.Edges, 20)
	assert.True(t, c.PageInfo.HasNextPage)
}

func TestBadArgumentsNameThemselves(t *testing.T) {
	db := setUp(t)
	list := viaEnt(db)
	c, err := list(t.Context(), page.Args{First: ptr(1)}, orders[0])
	require.NoError(t, err)
	good := c.Edges[0].Cursor
	other, err := viaSelect(db, "SELECT * FROM pool_resources")(t.Context(), page.Args{First: ptr(1)}, orders[0])
	require.NoError(t, err)

	for name, bad := range map[string]struct {
		field string
		args  page.Args
		order page.Order
	}{
		"first too large":       {"first", page.Args{First: ptr(101)}, orders[0]},
		"first negative":        {"first", page.Args{First: ptr(-1)}, orders[0]},
		"last too large":        {"last", page.Args{Last: ptr(99999999)}, orders[0]},
		"last negative":         {"last", page.Args{Last: ptr(-1)}, orders[0]},
		"both ends":             {"last", page.Args{First: ptr(1), Last: ptr(1)}, orders[0]},
		"garbage after":         {"after", page.Args{After: ptr("%%%")}, orders[0]},
		"empty after":           {"after", page.Args{After: ptr("")}, orders[0]},
		"garbage before":        {"before", page.Args{Before: ptr("YWJj")}, orders[0]},
		"endless before":        {"before", page.Args{Before: ptr(strings.Repeat("a", 1000))}, orders[0]},
		"of another order":      {"after", page.Args{After: &good}, orders[2]},
		"of another direction":  {"after", page.Args{After: &good}, orders[1]},
		"of another list":       {"after", page.Args{After: &other.Edges[0].Cursor}, orders[0]},
		"of a row that is gone": {"after", page.Args{After: ptr("cG9vbF9yZXNvdXJjZXMgSUQgYXNjIHJlc185OQ")}, orders[0]},
		"with a zero byte":      {"after", page.Args{After: ptr("cG9vbF9yZXNvdXJjZXMgSUQgYXNjIAA")}, orders[0]},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := list(t.Context(), bad.args, bad.order)
			f, ok := fault.As(err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, fault.BadUserInput, f.Code)
			assert.Equal(t, bad.field, f.Field)
		})
	}
}

// A cursor of a row that the caller may not see would tell how that row compares with their own.
func TestCursorOfAnothersRowIsForeign(t *testing.T) {
	db := setUp(t)
	everybody, err := viaEnt(db)(t.Context(), page.Args{First: ptr(100)}, orders[2])
	require.NoError(t, err)
	owner := func(s *entsql.Selector) { s.Where(entsql.EQ(s.C(poolresource.FieldOwnerID), "usr_0")) }
	mine := viaEnt(db, owner)
	for _, e := range everybody.Edges {
		_, err := mine(t.Context(), page.Args{After: &e.Cursor}, orders[2])
		odd := strings.ContainsAny(e.Node[len(e.Node)-1:], "13579")
		assert.Equal(t, odd, fault.CodeOf(err) == fault.BadUserInput, e.Node)
	}

	c, err := mine(t.Context(), page.Args{First: ptr(100)}, orders[2])
	require.NoError(t, err)
	n, err := c.TotalCount(t.Context())
	require.NoError(t, err)
	assert.Equal(t, n, len(c.Edges))
	assert.Equal(t, c.Nodes(), forward(t, mine, orders[2], 2))
	assert.Equal(t, c.Nodes(), backward(t, mine, orders[2], 2))
}

// A row that the filter no longer takes still says where to go on.
func TestPageGoesOnAfterARowThatChanged(t *testing.T) {
	db := setUp(t)
	eachLister(t, db, func(t *testing.T, list lister) {
		all, err := list(t.Context(), page.Args{First: ptr(100)}, orders[2])
		require.NoError(t, err)
		at := all.Edges[4]
		_, err = db.ExecContext(t.Context(), `UPDATE pool_resources SET status = 'PAUSED' WHERE id = $1`, at.Node)
		require.NoError(t, err)
		c, err := list(t.Context(), page.Args{After: &at.Cursor}, orders[2])
		require.NoError(t, err)
		assert.Equal(t, all.Nodes()[5:], c.Nodes())
	})
}

func TestCursorHoldsNoValue(t *testing.T) {
	db := setUp(t)
	c, err := viaEnt(db)(t.Context(), page.Args{First: ptr(1)}, orders[5])
	require.NoError(t, err)
	text, err := base64.RawURLEncoding.DecodeString(c.Edges[0].Cursor)
	require.NoError(t, err)
	assert.Equal(t, "pool_resources EXPIRES desc "+c.Edges[0].Node, string(text))
}

func TestKeyOfSeveralColumns(t *testing.T) {
	db := dbtest.New(t)
	list := func(args page.Args) (page.Connection[[2]int], error) {
		return page.Rows(t.Context(), args, page.Select[[2]int]{
			DB: db, Name: "entries", Base: "SELECT a AS seq, b AS n FROM generate_series(1, 4) a, generate_series(1, 3) b",
			Key: page.Key{Columns: []string{"seq", "n"}, Parse: func(text string) ([]any, bool) {
				var seq, n int
				_, err := fmt.Sscanf(text, "%d.%d", &seq, &n)
				return []any{seq, n}, err == nil
			}},
			KeyOf: func(k [2]int) string { return fmt.Sprintf("%d.%d", k[0], k[1]) },
			Order: page.Order{Name: "SEQ", Desc: true},
			Scan:  func(r *sql.Rows) (k [2]int, err error) { return k, r.Scan(&k[0], &k[1]) },
		})
	}
	args, seen := page.Args{First: ptr(5)}, 0
	for previous := [2]int{9, 9}; ; {
		c, err := list(args)
		require.NoError(t, err)
		for _, k := range c.Nodes() {
			assert.Negative(t, slices.Compare(k[:], previous[:]))
			previous = k
			seen++
		}
		if !c.PageInfo.HasNextPage {
			break
		}
		args.After = c.PageInfo.EndCursor
	}
	assert.Equal(t, 12, seen)
}
