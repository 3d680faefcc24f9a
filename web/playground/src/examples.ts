/** Operations that are ready to run when the playground is opened for the first time. */
export const examples = [
  {
    query: `# Who asks: you, or the key in Headers.
query WhoAmI {
  viewer {
    kind
    scopes
    user { displayName email }
  }
}
`,
  },
  {
    query: `# What can be called, and how.
query Discover {
  integrations(search: "notes", first: 5) {
    totalCount
    nodes {
      slug
      description
      connected
      endpoints(first: 20) { nodes { name method readOnly description } }
    }
  }
}
`,
  },
  {
    query: `# Reads run side by side in one request.
query Read {
  notes: read(
    integration: "sandbox"
    endpoint: "list_notes"
    params: { limit: 2 }
  ) { status ok data durationMs }
  titles: read(
    integration: "sandbox"
    endpoint: "list_notes"
    select: "notes[].title"
  ) { status ok data durationMs }
}
`,
  },
  {
    query: `# Anything that changes something is a mutation.
mutation Write {
  execute(
    integration: "sandbox"
    endpoint: "create_note"
    params: { title: "Hello", text: "From here" }
  ) {
    status
    ok
    data
    error
    callId
  }
}
`,
  },
];
