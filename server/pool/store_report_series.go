package pool

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// seriesGroups are over the columns of usage_rollups.
var seriesGroups = map[UsageGroup]string{
	GroupNone: "NULL::text", GroupModel: "model", GroupProvider: "provider", GroupResource: "resource_id", GroupUser: "user_id",
}

// seriesScopes take the actor as $3. The platform's own keys have no owner, and nobody's id is empty.
var seriesScopes = map[UsageScope]string{
	ScopeMine: "user_id = $3", ScopeMyKeys: "owner_id = $3 AND owner_id <> ''", ScopePool: "$3::text IS NOT NULL",
}

var seriesUnits = map[Bucket]string{BucketHour: "hour", BucketDay: "day"}

// series reads one point more than may be answered, so that too many are noticed.
func (r *Reports) series(ctx context.Context, actor ids.ID, in SeriesInput) ([]UsagePoint, error) {
	from, to := in.bounds()
	points := []UsagePoint{}
	text := fmt.Sprintf(`SELECT date_trunc('%s', hour, 'UTC') AS at, %s AS part, sum(requests)::bigint, sum(failed)::bigint,
			sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint, sum(credits_charged)::bigint, sum(cost_amount)::bigint,
			sum(latency_ms)::float8 / nullif(sum(requests), 0)::float8
		FROM usage_rollups WHERE hour >= $1 AND hour < $2 AND %s
		GROUP BY 1, 2 ORDER BY 1, 2 LIMIT %d`, seriesUnits[in.Bucket], seriesGroups[in.GroupBy], seriesScopes[in.Scope], mostPoints+1)
	err := r.each(ctx, func(rows *sql.Rows) error {
		var p UsagePoint
		err := rows.Scan(&p.At, &p.Group, &p.Requests, &p.Failed, &p.PromptTokens, &p.CompletionTokens,
			&p.CreditsCharged, &p.CostAmount, &p.AverageLatencyMs)
		p.At = p.At.In(time.UTC)
		points = append(points, p)
		return err
	}, text, from, to, string(actor))
	if err != nil {
		return nil, fmt.Errorf("pool: usage series: %w", err)
	}
	return points, nil
}
