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
  }

  get code(): string {
    return this.errors[0]?.extensions.code ?? "UNKNOWN";
  }
}

/** What was answered; `errors` tells which fields are null because of an error or a missing scope. */
export interface Answer<Result> {
  data: Result;
  errors: readonly ApiError[];
}

export interface Options {
  url: string;
  /** The bearer token, or a function that gives a fresh one. */
  token: string | (() => Promise<string>);
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
    const body = (await response.json()) as { data?: Result | null; errors?: ApiError[] };
    if (body.data === undefined || body.data === null) {
      const retryAfter = response.headers.get("retry-after");
      throw new RefusedError(
        response.status,
        body.errors ?? [],
        response.headers.get("x-request-id"),
        retryAfter === null ? null : Number(retryAfter),
      );
    }
    return { data: body.data, errors: body.errors ?? [] };
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
