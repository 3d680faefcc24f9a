/** MCP clients, and where each keeps which servers it starts. */
import path from 'node:path';
import { homeFolder } from '../profiles.ts';

export interface ServerEntry {
  command: string;
  args: string[];
}

export interface McpClient {
  title: string;
  /** Its file of this user's, by platform. */
  file(): string;
  /** TOML for Codex; all others have JSON. */
  form: 'json' | 'toml';
  /** The member of the file that holds the servers by name. */
  member: string;
  /** What the client wants beside command and arguments. */
  extra?: Record<string, unknown>;
}

const home = (...parts: string[]) => path.join(homeFolder(), ...parts);

/** Where programs keep the settings of a user. */
function applicationFolder(name: string, ...parts: string[]): string {
  const { APPDATA, XDG_CONFIG_HOME } = process.env;
  if (process.platform === 'darwin') return home('Library', 'Application Support', name, ...parts);
  if (process.platform === 'win32') return path.join(APPDATA ?? home('AppData', 'Roaming'), name, ...parts);
  return path.join(XDG_CONFIG_HOME || home('.config'), name, ...parts);
}

/** All of these files are a user's own: what stands in a project's folder is committed and shared. */
export const mcpClients: Record<string, McpClient> = {
  'claude-code': { title: 'Claude Code', file: () => home('.claude.json'), form: 'json', member: 'mcpServers', extra: { type: 'stdio' } },
  'claude-desktop': {
    title: 'Claude Desktop',
    file: () => applicationFolder('Claude', 'claude_desktop_config.json'),
    form: 'json',
    member: 'mcpServers',
  },
  cursor: { title: 'Cursor', file: () => home('.cursor', 'mcp.json'), form: 'json', member: 'mcpServers' },
  vscode: {
    title: 'VS Code',
    file: () => applicationFolder('Code', 'User', 'mcp.json'),
    form: 'json',
    member: 'servers',
    extra: { type: 'stdio' },
  },
  windsurf: { title: 'Windsurf', file: () => home('.codeium', 'windsurf', 'mcp_config.json'), form: 'json', member: 'mcpServers' },
  codex: {
    title: 'Codex',
    file: () => path.join(process.env.CODEX_HOME || home('.codex'), 'config.toml'),
    form: 'toml',
    member: 'mcp_servers',
  },
  gemini: { title: 'Gemini CLI', file: () => home('.gemini', 'settings.json'), form: 'json', member: 'mcpServers' },
};
