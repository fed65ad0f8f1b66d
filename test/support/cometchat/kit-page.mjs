// What an application makes of CometChat's UI kit: the conversations, and beside them the one that is chosen. Bundled by kit.ts.
import '@cometchat/chat-uikit-react/styles'
import {
  CometChatConversations,
  CometChatMessageComposer,
  CometChatMessageHeader,
  CometChatMessageList,
  CometChatProvider,
  CometChatUIKit,
  UIKitSettingsBuilder,
} from '@cometchat/chat-uikit-react'
import { createElement, useState } from 'react'
import { createRoot } from 'react-dom/client'

/** What the kit's parts told the application of what went wrong. */
window.troubles = []
const onError = (error) => window.troubles.push(error?.code ?? String(error))

const COLUMN = { display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0 }

function Application() {
  const [chosen, choose] = useState(null)
  const partner = chosen?.getConversationWith()
  const to = chosen?.getConversationType() === 'group' ? { group: partner } : { user: partner }
  const part = (kind) => createElement(kind, { ...to, onError })
  const chat = [
    part(CometChatMessageHeader),
    createElement('main', { style: COLUMN }, part(CometChatMessageList)),
    createElement('footer', {}, part(CometChatMessageComposer)),
  ]
  return createElement(
    'div',
    { style: { display: 'flex', height: '100vh' } },
    createElement('nav', {}, createElement(CometChatConversations, { onItemClick: choose, onError })),
    chosen === null ? null : createElement('section', { key: chosen.getConversationId(), style: COLUMN }, ...chat),
  )
}

/** Starts the kit, resumes the session that it kept or else logs in, and shows the application. Answers the uid. */
window.start = async ({ app, host, token }) => {
  const settings = new UIKitSettingsBuilder()
    .setAppId(app)
    .setRegion('us')
    .setClientHost(`${host}/v3.0`)
    .setAdminHost(`${host}/v3`)
    .setAutoEstablishSocketConnection(false)
    .build()
  await CometChatUIKit.init(settings)
  const user = CometChatUIKit.getLoggedInUser() ?? (await CometChatUIKit.loginWithAuthToken(token))
  createRoot(document.body).render(createElement(CometChatProvider, {}, createElement(Application)))
  return user.getUid()
}
