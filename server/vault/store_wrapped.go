package vault

import (
	"context"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ids"
)

// wrapped is a table of data keys, as a rotation goes through it.
type wrapped struct {
	read, write string
	bound       func(dataKey) []byte
}

// dataKey is one of them, and what it is bound to.
type dataKey struct {
	id                ids.ID
	key               []byte // wrapped
	provider, baseURL string
}

// rows returns the next data keys that are under a master key.
func (t wrapped) rows(ctx context.Context, client *ent.Client, keyID, after string) ([]dataKey, error) {
	rows, err := client.QueryContext(ctx, t.read, keyID, after, rewrapBatch)
	if err != nil {
		return nil, fmt.Errorf("vault: read data keys: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []dataKey
	for rows.Next() {
		var k dataKey
		if err := rows.Scan(&k.id, &k.key, &k.provider, &k.baseURL); err != nil {
			return nil, fmt.Errorf("vault: read data keys: %w", err)
		}
		out = append(out, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("vault: read data keys: %w", err)
	}
	return out, nil
}
