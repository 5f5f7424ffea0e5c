//go:build tools

// The programs that speak CRI in tests: cri-tools, as the Go module proxy has it.
package tools

import (
	_ "github.com/kubernetes-sigs/cri-tools/cmd/crictl"
	_ "github.com/kubernetes-sigs/cri-tools/cmd/critest"
)
