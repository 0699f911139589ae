package provider_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/provider"
)

func TestImagesAreBoundedFromAbove(t *testing.T) {
	for model, want := range map[string]int64{
		"gpt-4o-mini": 48_169, "gpt-4o-mini-2024-07-18": 48_169, "openai/gpt-4o-mini": 48_169, "gpt-4o": 1_445, "gpt-4o-2024-08-06": 1_445,
		"gpt-4.1": 1_536, "gpt-4.1-mini": 2_489, "gpt-4.1-nano": 3_779, "o3": 1_275, "o4-mini": 2_642, "gpt-5-mini": 2_489, "gpt-5.4": 12_000, "gpt-5.4-mini": 12_000,
		"claude-opus-4-7": 4_784, "anthropic/claude-haiku-4.5": 4_784, "Claude-Sonnet-5": 4_784, "gemini-2.5-pro": 4_128, "models/gemini-3-flash-preview": 4_128,
		"gpt-4": 50_000, "glm-4.5v": 50_000, "my-deployment": 50_000, "": 50_000, "/": 50_000,
	} {
		require.Equal(t, want, provider.ImageTokens(model), model)
	}
}
