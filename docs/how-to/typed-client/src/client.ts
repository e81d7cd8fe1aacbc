/** A client of the Parcours profile API. Results and variables have the types of the operation they belong to. */
import { print, type DocumentNode } from "graphql";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";

export * from "./generated.js";

/** One entry of `errors`; `extensions.code` is one of a closed set, see the reference of errors. */
export interface ApiError {
  message: string;
  path?: readonly (string | number)[];
  extensions: { code: string };
}

/** The server refused the operation: nothing of it was answered. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly errors: readonly ApiError[],
    readonly requestId: string | null,
    readonly retryAfterSeconds: number | null,
  ) {
    super(errors[0]?.message ?? `HTTP ${status}`);
    this.name = "RefusedError";
  }

  get code(): string {
    return this.errors[0]?.extensions.code ?? "UNKNOWN";
  }
}

/** A field that is null because the caller's role may not read it: its path without list positions. */
export interface Masked {
  path: string;
  scope: string;
}

/** What was answered; `errors` and `masked` tell which fields are null for another reason than that nothing is known. */
export interface Answer<Result> {
  data: Result;
  errors: readonly ApiError[];
  masked: readonly Masked[];
}

interface Body<Result> {
  data?: Result | null;
  errors?: ApiError[];
  extensions?: { masked?: Masked[] };
}

export interface Options {
  url: string;
  /** The bearer token, or a function that gives a fresh one. */
  token: string | (() => string | Promise<string>);
  timeoutMs?: number;
}

export class ParcoursClient {
  constructor(private readonly options: Options) {}

  async ask<Result, Variables>(
    document: TypedDocumentNode<Result, Variables>,
    variables: Variables,
  ): Promise<Answer<Result>> {
    const { url, token, timeoutMs = 10_000 } = this.options;
    const response = await fetch(url, {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json, application/json;q=0.9",
        "content-type": "application/json",
        authorization: `Bearer ${typeof token === "string" ? token : await token()}`,
      },
      body: JSON.stringify({ query: print(document as DocumentNode), variables }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = (await response.json()) as Body<Result>;
    if (body.data === undefined || body.data === null) {
      const retryAfter = response.headers.get("retry-after");
      throw new RefusedError(
        response.status,
        body.errors ?? [],
        response.headers.get("x-request-id"),
        retryAfter === null ? null : Number(retryAfter),
      );
    }
    return { data: body.data, errors: body.errors ?? [], masked: body.extensions?.masked ?? [] };
  }

  /** All pages of a connection, one after the other. */
  async *pages<Result, Variables extends { after?: unknown }>(
    document: TypedDocumentNode<Result, Variables>,
    variables: Variables,
    pageInfo: (result: Result) => { hasNextPage: boolean; endCursor?: string | null },
  ): AsyncGenerator<Result> {
    let after = variables.after;
    for (;;) {
      const { data } = await this.ask(document, { ...variables, after });
      yield data;
      const info = pageInfo(data);
      if (!info.hasNextPage) return;
      after = info.endCursor;
    }
  }
}
