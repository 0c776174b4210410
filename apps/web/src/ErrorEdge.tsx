// Our own fault ends here: it is logged, and the page says so instead of going blank.

import { Component, type ReactNode } from "react";

export class ErrorEdge extends Component<{ children: ReactNode }, { readonly message: string | null }> {
  override state = { message: null };

  static getDerivedStateFromError(error: unknown) {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override componentDidCatch(error: unknown) {
    console.error(error);
  }

  override render() {
    if (this.state.message === null) return this.props.children;
    return (
      <main className="mx-auto max-w-prose p-8" role="alert">
        <h1 className="text-title font-semibold">This page has failed</h1>
        <p className="mt-2">
          Reload it: what your device has is kept. If it fails again, tell the host: {this.state.message}
        </p>
      </main>
    );
  }
}
